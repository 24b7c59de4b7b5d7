/** The page: the frame, and in it what the address stands for. */
import { lazy, Suspense, useState } from "react";
import { Conversations } from "../features/conversations/Conversations";
import { usePreferences } from "../features/settings/preferences_context";
import { ShortcutProvider, useShortcut } from "../ui/shortcuts";
import { TooltipProvider } from "../ui/Tooltip";
import { useConversationRoute } from "./conversation_route";
import { focusQuestion, NEW_CONVERSATION, useStartConversation } from "./navigation";
import { Routes } from "./Routes";
import { Shell } from "./shell/Shell";
import { Sidebar } from "./shell/Sidebar";

const Settings = lazy(() => import("./Settings"));
const Toaster = lazy(() => import("../ui/Toaster"));
const ShortcutSheet = lazy(() => import("../features/settings/ShortcutSheet"));

export function App() {
  const { singleKeys } = usePreferences();
  return (
    <ShortcutProvider singleKeys={singleKeys}>
      <TooltipProvider>
        <Page />
      </TooltipProvider>
    </ShortcutProvider>
  );
}

function Page() {
  useConversationRoute();
  const { theme } = usePreferences();
  const [dialog, setDialog] = useState<"settings" | "shortcuts" | null>(null);
  const close = (open: boolean) => setDialog(open ? dialog : null);
  useShortcut(NEW_CONVERSATION, useStartConversation());
  useShortcut({ chord: "Mod+,", label: "Settings", group: "Page" }, () => setDialog("settings"));
  useShortcut({ chord: "?", label: "Keyboard shortcuts", group: "Page" }, () =>
    setDialog("shortcuts"),
  );
  useShortcut(
    { chord: "/", label: "Go to the question box", group: "Conversation" },
    focusQuestion,
  );
  const sidebar = (
    <Sidebar onSettings={() => setDialog("settings")} onShortcuts={() => setDialog("shortcuts")}>
      <Conversations />
    </Sidebar>
  );
  return (
    <>
      <Shell sidebar={sidebar}>
        <Routes />
      </Shell>
      <Suspense>
        <Toaster theme={theme} />
      </Suspense>
      <Suspense>
        {dialog === "settings" && <Settings open onOpenChange={close} />}
        {dialog === "shortcuts" && <ShortcutSheet open onOpenChange={close} />}
      </Suspense>
    </>
  );
}
