/** The page: header, conversation, question box. */
import { AssistantRuntimeProvider, ThreadPrimitive } from "@assistant-ui/react";
import { ArrowDown, SquarePen } from "lucide-react";
import { useState } from "react";
import { Composer } from "../features/composer/Composer";
import { ConnectionBanner } from "../features/connection/ConnectionBanner";
import { Announcer } from "../features/thread/announcer";
import { AnswerMessage, QuestionMessage } from "../features/thread/messages";
import { useChatRuntime } from "../features/thread/runtime";
import { Welcome } from "../features/thread/Welcome";
import { useSession, useView } from "../session/session_context";
import { useConversationRoute } from "./conversation_route";
import { Logo } from "./Logo";

/** Until the server has said its own. */
const USUAL_LIMIT = 4_000;

export function App() {
  const limit = useView(({ chat }) => chat.limits?.question_chars ?? USUAL_LIMIT);
  useConversationRoute();
  const runtime = useChatRuntime();
  return (
    <AssistantRuntimeProvider runtime={runtime}>
      <a href="#question" className="skip-link">
        Skip to the question box
      </a>
      <div className="relative flex h-dvh flex-col overflow-clip">
        <Header />
        <ConnectionBanner />
        <ThreadPrimitive.Root className="flex min-h-0 flex-1 flex-col">
          <Conversation />
          <Composer limit={limit} />
        </ThreadPrimitive.Root>
      </div>
      <Announcer />
    </AssistantRuntimeProvider>
  );
}

function Header() {
  const session = useSession();
  const empty = useView(({ chat }) => chat.turns.length === 0);
  return (
    <header className="header">
      <span className="flex items-center gap-2.5 font-semibold tracking-tight">
        <Logo />
        EnergyCopilot
      </span>
      <button
        type="button"
        className="header-button"
        disabled={empty}
        onClick={() => {
          session.open(null);
          document.getElementById("question")?.focus();
        }}
      >
        <SquarePen aria-hidden className="size-4" />
        <span className="max-sm:sr-only">New conversation</span>
      </button>
    </header>
  );
}

function Conversation() {
  const empty = useView(({ chat }) => chat.turns.length === 0);
  // A new question goes to the top and its answer grows below, so that text never moves while it
  // is read; only a conversation from before a reload opens at its end.
  const [restored] = useState(!empty);
  return (
    <main className="relative flex min-h-0 flex-1 flex-col">
      <ThreadPrimitive.Viewport
        className="viewport"
        turnAnchor="top"
        scrollToBottomOnInitialize={restored}
      >
        <div className="column flex flex-1 flex-col pb-6">
          {empty ? (
            <Welcome />
          ) : (
            <ThreadPrimitive.Messages
              components={{ UserMessage: QuestionMessage, AssistantMessage: AnswerMessage }}
            />
          )}
        </div>
      </ThreadPrimitive.Viewport>
      {!empty && (
        <ThreadPrimitive.ScrollToBottom className="jump-button" aria-label="Jump to the latest">
          <ArrowDown aria-hidden className="size-4" />
        </ThreadPrimitive.ScrollToBottom>
      )}
    </main>
  );
}
