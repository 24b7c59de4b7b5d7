/** A conversation: its thread with the evidence beside it, and the box for the next question. */
import { Composer } from "../../features/composer/Composer";
import { ConnectionBanner } from "../../features/connection/ConnectionBanner";
import { AnswerActions } from "../../features/conversations/AnswerActions";
import { ConversationGate } from "../../features/conversations/ConversationGate";
import { useShownTitle } from "../../features/conversations/conversation_list";
import { Question } from "../../features/conversations/Question";
import { StorageNotice } from "../../features/conversations/StorageNotice";
import { SourcePanelProvider } from "../../features/evidence/opened_source";
import { SourcePanel } from "../../features/evidence/SourcePanel";
import { Announcer } from "../../features/thread/Announcer";
import { ThreadSlotsProvider } from "../../features/thread/slots";
import { Thread } from "../../features/thread/Thread";
import { useShortcut } from "../../ui/shortcuts";
import { PageHeader } from "../shell/PageHeader";

const SLOTS = { Question, AnswerActions };

export function ChatPage() {
  const title = useShownTitle();
  useShortcut({ chord: "Enter", label: "Send the question", group: "Question box" }, null);
  useShortcut({ chord: "Shift+Enter", label: "New line", group: "Question box" }, null);
  useShortcut({ chord: "Escape", label: "Stop the answer", group: "Question box" }, null);
  return (
    <SourcePanelProvider>
      <div className="flex min-h-0 flex-1">
        <div className="relative flex min-w-0 flex-1 flex-col">
          <PageHeader title={<span dir="auto">{title}</span>} documentTitle={title} />
          <main id="main" className="relative flex min-h-0 flex-1 flex-col">
            <ConnectionBanner />
            <StorageNotice />
            <ConversationGate>
              <ThreadSlotsProvider value={SLOTS}>
                <Thread />
              </ThreadSlotsProvider>
            </ConversationGate>
            <Composer />
          </main>
        </div>
        <SourcePanel />
      </div>
      <Announcer />
    </SourcePanelProvider>
  );
}
