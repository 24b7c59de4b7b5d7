/** Below a finished answer: what kind of answer it is, and what can be done with it. */
import { Check, Copy, RotateCw, SearchX, TriangleAlert, Zap } from "lucide-react";
import { useEffect, useState } from "react";
import type { Turn } from "../../chat/conversation";
import { useSession } from "../../session/session_context";
import { Receipt } from "../receipt/Receipt";
import { isExtractive } from "../receipt/words";
import { useThreadSlots } from "./slots";

interface AnswerFooterProps {
  readonly turn: Turn;
  readonly text: string;
}

export function AnswerFooter({ turn, text }: AnswerFooterProps) {
  const { AnswerActions } = useThreadSlots();
  const receipt = turn.answer?.end?.receipt ?? null;
  return (
    <div className="mt-3 grid gap-2">
      <Kind turn={turn} />
      <div className="-mx-2 flex flex-wrap items-center gap-x-0.5 text-muted">
        {text !== "" && <CopyAnswer text={text} />}
        {AnswerActions !== undefined && <AnswerActions turn={turn} />}
        {receipt !== null && <Receipt receipt={receipt} />}
      </div>
    </div>
  );
}

/** Says what a reader should know before trusting the text; nothing for an ordinary answer. */
function Kind({ turn }: { readonly turn: Turn }) {
  const session = useSession();
  const { answer, clientMsgId } = turn;
  const end = answer?.end ?? null;
  if (answer === null || end === null) return null;
  const flags = end.flags?.filter(({ end: to, start }) => to > start).length ?? 0;
  const abstained = end.finish_reason === "abstained";
  const cached = answer.cache === "hit" || end.receipt?.cache.decision === "hit";
  const quoted = !abstained && end.receipt != null && isExtractive(end.receipt.model);
  if (!abstained && !cached && !quoted && flags === 0) return null;
  return (
    <p className="flex flex-wrap items-center gap-x-2 gap-y-1.5 text-xs">
      {abstained && (
        <span className="kind kind-quiet">
          <SearchX aria-hidden className="size-3.5" />
          Not answered: the documents do not say
        </span>
      )}
      {quoted && (
        <span className="kind kind-quiet">Quoted from the documents, no language model</span>
      )}
      {flags > 0 && (
        <span className="kind kind-warn">
          <TriangleAlert aria-hidden className="size-3.5" />
          {flags === 1 ? "1 part is not confirmed" : `${flags} parts are not confirmed`} by the
          cited passages
        </span>
      )}
      {cached && (
        <>
          <span className="kind kind-accent">
            <Zap aria-hidden className="size-3.5" />
            Answered from the cache
          </span>
          <button
            type="button"
            className="text-button"
            onClick={() => session.askAgain(clientMsgId, { fresh: true })}
          >
            <RotateCw aria-hidden className="size-3" />
            Ask afresh
          </button>
        </>
      )}
    </p>
  );
}

const SHOW_COPIED_MS = 2_000;

function CopyAnswer({ text }: { readonly text: string }) {
  const [state, setState] = useState<"ready" | "copied" | "failed">("ready");
  useEffect(() => {
    if (state === "ready") return;
    const timer = setTimeout(() => setState("ready"), SHOW_COPIED_MS);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setState("copied"),
      () => setState("failed"),
    );
  const label = { ready: "Copy", copied: "Copied", failed: "Copying is not allowed here" }[state];
  return (
    <button
      type="button"
      className="answer-action"
      aria-label={state === "ready" ? "Copy the answer" : label}
      title={label}
      onClick={() => void copy()}
    >
      {state === "copied" ? (
        <Check aria-hidden className="size-3.5" />
      ) : (
        <Copy aria-hidden className="size-3.5" />
      )}
      {state === "failed" && <span role="alert">{label}</span>}
    </button>
  );
}
