/** The two kinds of message of a thread. */
import { MessagePrimitive } from "@assistant-ui/react";
import { lazy, Suspense } from "react";
import { type Answer, isOpen, shownText } from "../../chat/answer";
import { isRunning } from "../../chat/state";
import { useSession, useTurn } from "../../session/session_context";
import { citedIds } from "../evidence/citations";
import { Sources } from "../evidence/Sources";
import { SourceFocusProvider } from "../evidence/source_focus";
import { Receipt } from "../receipt/Receipt";
import { Outcome } from "./Outcome";
import { useTurnId } from "./runtime";
import { StatusLine } from "./StatusLine";

const loadMarkdown = () => import("./AnswerMarkdown");
const Markdown = lazy(loadMarkdown);

/** Fetches the renderer before the first answer needs it. */
export function preloadMarkdown(): void {
  void loadMarkdown();
}

export function QuestionMessage() {
  const turn = useTurn(useTurnId());
  if (turn === undefined) return null;
  return (
    <MessagePrimitive.Root className="flex justify-end pt-8 first:pt-6">
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
  const text = answer === null ? "" : shownText(answer);
  return (
    <MessagePrimitive.Root className="pt-5">
      <article aria-label="Answer" aria-busy={isRunning(turn)}>
        <SourceFocusProvider sources={answer?.sources ?? NO_SOURCES}>
          {isRunning(turn) && text === "" && <StatusLine turn={turn} />}
          {answer !== null && <AnswerText answer={answer} text={text} />}
          <Outcome turn={turn} onRetry={() => session.askAgain(clientMsgId)} />
          {answer !== null && <Evidence answer={answer} text={text} clientMsgId={clientMsgId} />}
        </SourceFocusProvider>
      </article>
    </MessagePrimitive.Root>
  );
}

const NO_SOURCES: Answer["sources"] = [];

interface PartProps {
  readonly answer: Answer;
  readonly text: string;
}

function AnswerText({ answer, text }: PartProps) {
  if (text === "") return null;
  return (
    <Suspense fallback={<div className="answer-text whitespace-pre-wrap">{text}</div>}>
      <Markdown
        text={text}
        streaming={isOpen(answer)}
        sourceIds={answer.sources.map(({ id }) => id)}
      />
    </Suspense>
  );
}

function Evidence({ answer, text, clientMsgId }: PartProps & { readonly clientMsgId: string }) {
  const session = useSession();
  const receipt = answer.end?.receipt ?? null;
  const askAfresh = () => session.askAgain(clientMsgId, { fresh: true });
  return (
    <>
      <Sources cited={citedIds(text)} streaming={isOpen(answer)} />
      {receipt !== null && (
        <Receipt
          receipt={receipt}
          onAskAfresh={receipt.cache.decision === "hit" ? askAfresh : null}
        />
      )}
    </>
  );
}
