/** The conversation that is shown, or what to ask where there is none yet. */
import { ThreadPrimitive } from "@assistant-ui/react";
import { ArrowDown } from "lucide-react";
import { useState } from "react";
import { useView } from "../../session/session_context";
import { AnswerMessage, QuestionMessage } from "./messages";
import { Welcome } from "./Welcome";

export function Thread() {
  const empty = useView(({ chat }) => chat.turns.length === 0);
  // A new question goes to the top and its answer grows below, so that text never moves while it
  // is read; only a conversation from before a reload opens at its end.
  const [restored] = useState(!empty);
  return (
    <main id="main" className="relative flex min-h-0 flex-1 flex-col">
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
