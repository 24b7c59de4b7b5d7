/** What can be done with a finished answer: judge it, or have another one beside it. */
import { RotateCw } from "lucide-react";
import { isOpen } from "../../chat/answer";
import type { Turn } from "../../chat/conversation";
import { useSession, useView } from "../../session/session_context";
import { IconButton } from "../../ui/Button";
import { FeedbackButtons } from "./FeedbackButtons";

export function AnswerActions({ turn }: { readonly turn: Turn }) {
  const session = useSession();
  const running = useView(({ chat }) => chat.running !== null);
  const { answer, clientMsgId, feedback } = turn;
  if (answer === null || isOpen(answer)) return null;
  return (
    <>
      <FeedbackButtons answerId={answer.id} feedback={feedback} />
      <IconButton
        label="Answer again"
        size="sm"
        disabled={running}
        onClick={() => session.askAgain(clientMsgId, { fresh: true })}
      >
        <RotateCw aria-hidden />
      </IconButton>
    </>
  );
}
