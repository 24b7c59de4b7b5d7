/** The two kinds of message of a thread. */
import { MessagePrimitive } from "@assistant-ui/react";
import { lazy, Suspense } from "react";
import { type Answer, isOpen, shownText } from "../../chat/answer";
import { isRunning, type Turn } from "../../chat/state";
import { citedIds } from "../markdown/citations";
import { SourceFocusProvider } from "../markdown/source_focus";
import { useTurnId } from "../runtime";
import { useSession, useTurn } from "../session_context";
import { Outcome } from "./Outcome";
import { Receipt } from "./Receipt";
import { Sources } from "./Sources";
import { StatusLine } from "./StatusLine";

const loadMarkdown = () => import("../markdown/Markdown");
const Markdown = lazy(loadMarkdown);

/** Fetches the renderer before the first answer needs it. */
export function preloadMarkdown(): void {
  void loadMarkdown();
}

export function QuestionMessage() {
  const turn = useTurn(useTurnId());
  if (turn === undefined) return null;
  return (
    <MessagePrimitive.Root className="flex justify-end pt-8 first:pt-2">
      <div className="question" dir="auto">
        <span className="sr-only">You asked: </span>
        {turn.question}
      </div>
    </MessagePrimitive.Root>
  );
}

export function AnswerMessage() {
  const turn = useTurn(useTurnId());
  const session = useSession();
  if (turn === undefined) return null;
  const { answer, clientMsgId } = turn;
  const waiting = isRunning(turn) && (answer === null || shownText(answer) === "");
  return (
    <MessagePrimitive.Root className="pt-5">
      <article aria-label="Answer" aria-busy={isRunning(turn)}>
        {waiting && <StatusLine turn={turn} />}
        {answer !== null && <AnswerBody answer={answer} turn={turn} />}
        <Outcome turn={turn} onRetry={() => session.askAgain(clientMsgId)} />
      </article>
    </MessagePrimitive.Root>
  );
}

function AnswerBody({ answer, turn }: { readonly answer: Answer; readonly turn: Turn }) {
  const session = useSession();
  const text = shownText(answer);
  const streaming = isOpen(answer);
  const receipt = answer.end?.receipt ?? null;
  const cached = receipt?.cache.decision === "hit";
  return (
    <SourceFocusProvider sources={answer.sources}>
      {text !== "" && (
        <Suspense fallback={<div className="answer-text whitespace-pre-wrap">{text}</div>}>
          <Markdown
            text={text}
            streaming={streaming}
            sourceIds={answer.sources.map(({ id }) => id)}
          />
        </Suspense>
      )}
      <Sources cited={citedIds(text)} streaming={streaming} />
      {receipt !== null && (
        <Receipt
          receipt={receipt}
          onAskAfresh={cached ? () => session.askAgain(turn.clientMsgId, { fresh: true }) : null}
        />
      )}
    </SourceFocusProvider>
  );
}
