/** An answer with everything around it: what happens, the text, how it ended, what it rests on. */
import { isOpen, shownText } from "../../chat/answer";
import { isRunning, type Turn } from "../../chat/conversation";
import { useSession } from "../../session/session_context";
import { AnswerEvidence } from "../evidence/answer_evidence";
import { Sources } from "../evidence/Sources";
import { AnswerFooter } from "./AnswerFooter";
import { AnswerText } from "./AnswerText";
import { FollowUps } from "./FollowUps";
import { Outcome } from "./Outcome";
import { Interrupted, StatusLine } from "./StatusLine";

interface AnswerProps {
  readonly turn: Turn;
  readonly isLast: boolean;
}

export function Answer({ turn, isLast }: AnswerProps) {
  const session = useSession();
  const { answer, clientMsgId } = turn;
  const running = isRunning(turn);
  const text = answer === null ? "" : shownText(answer);
  const abstained = answer?.end?.finish_reason === "abstained";
  return (
    <article
      aria-label="Answer"
      aria-busy={running}
      className={abstained ? "answer answer-abstained" : "answer"}
    >
      {running && text === "" && <StatusLine turn={turn} />}
      {answer !== null && (
        <AnswerEvidence turnId={clientMsgId} text={text} answer={answer}>
          <AnswerText text={text} streaming={isOpen(answer)} />
          {running && text !== "" && <Interrupted turn={turn} />}
          <Outcome turn={turn} onRetry={() => session.askAgain(clientMsgId)} />
          {!running && <AnswerFooter turn={turn} text={text} />}
          <Sources />
        </AnswerEvidence>
      )}
      {answer === null && <Outcome turn={turn} onRetry={() => session.askAgain(clientMsgId)} />}
      {isLast && !running && <FollowUps turn={turn} />}
    </article>
  );
}
