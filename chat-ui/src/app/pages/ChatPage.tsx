/** A conversation: its thread, and the box in which the next question is written. */
import { AssistantRuntimeProvider, ThreadPrimitive } from "@assistant-ui/react";
import { Composer } from "../../features/composer/Composer";
import { ConnectionBanner } from "../../features/connection/ConnectionBanner";
import { Announcer } from "../../features/thread/announcer";
import { useChatRuntime } from "../../features/thread/runtime";
import { Thread } from "../../features/thread/Thread";
import { useView } from "../../session/session_context";
import { useShortcut } from "../../ui/shortcuts";
import { PageHeader } from "../shell/PageHeader";

/** Until the server has said its own. */
const USUAL_LIMIT = 4_000;

export function ChatPage() {
  const limit = useView(({ chat }) => chat.limits?.question_chars ?? USUAL_LIMIT);
  const title = useView(({ chat }) => chat.turns[0]?.question ?? "");
  const runtime = useChatRuntime();
  useShortcut({ chord: "Enter", label: "Send the question", group: "Question box" }, null);
  useShortcut({ chord: "Shift+Enter", label: "New line", group: "Question box" }, null);
  useShortcut({ chord: "Escape", label: "Stop the answer", group: "Question box" }, null);
  return (
    <AssistantRuntimeProvider runtime={runtime}>
      <PageHeader title={<span dir="auto">{title}</span>} documentTitle={title} />
      <ConnectionBanner />
      <ThreadPrimitive.Root className="flex min-h-0 flex-1 flex-col">
        <Thread />
        <Composer limit={limit} />
      </ThreadPrimitive.Root>
      <Announcer />
    </AssistantRuntimeProvider>
  );
}
