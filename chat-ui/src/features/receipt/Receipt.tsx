/** What an answer took, on demand: stages with their times, cache, tokens, cost, model, corpus. */
import { ReceiptText } from "lucide-react";
import type { Receipt as ReceiptData } from "../../protocol/wire";
import { Popover, PopoverContent, PopoverTrigger } from "../../ui/Popover";
import { duration, facts, stageBars } from "./words";

export function Receipt({ receipt }: { readonly receipt: ReceiptData }) {
  return (
    <Popover>
      <PopoverTrigger asChild>
        <button type="button" className="answer-action">
          <ReceiptText aria-hidden className="size-3.5" />
          <span>Receipt</span>
          {receipt.total_ms != null && <span>{duration(receipt.total_ms)}</span>}
        </button>
      </PopoverTrigger>
      <PopoverContent
        aria-label="Receipt of this answer"
        side="top"
        align="start"
        className="receipt-card"
      >
        <h3 className="font-semibold text-sm">Receipt</h3>
        <Stages receipt={receipt} />
        <dl className="mt-3 grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5 border-line border-t pt-3 text-xs leading-5">
          {facts(receipt).map(({ name, value }) => (
            <div key={name} className="contents">
              <dt className="text-muted">{name}</dt>
              <dd className="wrap-anywhere text-right tabular-nums">{value}</dd>
            </div>
          ))}
        </dl>
      </PopoverContent>
    </Popover>
  );
}

function Stages({ receipt }: { readonly receipt: ReceiptData }) {
  const bars = stageBars(receipt);
  if (bars.length === 0) return null;
  return (
    <ol aria-label="Stages" className="mt-3 grid gap-2 text-xs">
      {bars.map(({ name, time, share }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a receipt never changes
        <li key={index}>
          <span className="flex justify-between gap-4">
            <span>{name}</span>
            <span className="text-muted tabular-nums">{time}</span>
          </span>
          <span aria-hidden className="mt-1 block h-1.5 overflow-hidden rounded-full bg-sunken">
            <span
              className="block h-full min-w-0.5 rounded-full bg-accent"
              style={{ width: `${(100 * share).toFixed(1)}%` }}
            />
          </span>
        </li>
      ))}
    </ol>
  );
}
