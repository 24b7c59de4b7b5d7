/** What an answer took, in one quiet line. */
import { RotateCw, Zap } from "lucide-react";
import type { Receipt as ReceiptData } from "../../protocol/wire";

interface ReceiptProps {
  readonly receipt: ReceiptData;
  /** Given where the answer came from the cache. */
  readonly onAskAfresh: (() => void) | null;
}

export function Receipt({ receipt, onAskAfresh }: ReceiptProps) {
  return (
    <div className="receipt">
      <span>{modelLabel(receipt.model)}</span>
      <span className={receipt.cache.decision === "hit" ? "badge badge-hit" : ""}>
        {receipt.cache.decision === "hit" && <Zap aria-hidden className="size-3" />}
        {cacheLabel(receipt.cache.decision)}
      </span>
      {receipt.total_ms != null && <span>{duration(receipt.total_ms)}</span>}
      {tokenLabel(receipt) !== null && <span>{tokenLabel(receipt)}</span>}
      {onAskAfresh !== null && (
        <button type="button" className="text-button" onClick={onAskAfresh}>
          <RotateCw aria-hidden className="size-3" />
          Ask afresh
        </button>
      )}
    </div>
  );
}

/** True where sentences were quoted as they stand, and no language model was asked. */
function isExtractive(model: string): boolean {
  return model.startsWith("extractive");
}

function modelLabel(model: string): string {
  return isExtractive(model)
    ? "Quoted from the documents, no language model"
    : model.replace(/^[^:]*:/, "");
}

function cacheLabel(decision: ReceiptData["cache"]["decision"]): string {
  switch (decision) {
    case "hit":
      return "Answered from the cache";
    case "miss":
      return "Not cached";
    case "bypass":
      return "Cache skipped";
  }
}

function duration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function tokenLabel({ model, tokens }: ReceiptData): string | null {
  const { prompt = 0, completion = 0 } = tokens;
  if (isExtractive(model) || prompt + completion === 0) return null;
  const number = new Intl.NumberFormat("en");
  return `${number.format(prompt)} tokens in, ${number.format(completion)} out`;
}
