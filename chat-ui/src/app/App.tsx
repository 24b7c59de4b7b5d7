/** The page: the frame, and in it what the address stands for. */
import { lazy, Suspense, useState } from "react";
import { Route, Switch } from "wouter";
import { Conversations } from "../features/conversations/Conversations";
import { DeleteMyData } from "../features/conversations/DeleteMyData";
import { usePreferences } from "../features/settings/preferences_context";
import { ShortcutProvider, useShortcut } from "../ui/shortcuts";
import { TooltipProvider } from "../ui/Tooltip";
import { Toaster } from "../ui/toast";
import { useConversationRoute } from "./conversation_route";
import { focusQuestion, NEW_CONVERSATION, useStartConversation } from "./navigation";
import { ChatPage } from "./pages/ChatPage";
import { NotFoundPage } from "./pages/NotFoundPage";
import { Shell } from "./shell/Shell";
import { Sidebar } from "./shell/Sidebar";

const SettingsDialog = lazy(() => import("../features/settings/SettingsDialog"));
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
        {dialog === "settings" && (
          <SettingsDialog open onOpenChange={close}>
            <DeleteMyData onDeleted={() => window.location.assign("/")} />
          </SettingsDialog>
        )}
        {dialog === "shortcuts" && <ShortcutSheet open onOpenChange={close} />}
      </Suspense>
      <Toaster theme={theme} />
    </>
  );
}

function Routes() {
  return (
    <Switch>
      <Route path="/">
        <ChatPage />
      </Route>
      <Route path={/^\/c\/[\w-]{1,64}$/}>
        <ChatPage />
      </Route>
      <Route>
        <NotFoundPage />
      </Route>
    </Switch>
  );
}
