/** The sums of the period, one figure each. */
import type { Figures } from "../../api/schema";
import { share } from "./series";
import { count, duration, money, NOTHING, percent, short } from "./words";

interface Headline {
  readonly label: string;
  readonly value: string;
  readonly note: string;
}

export function Headlines({ totals }: { readonly totals: Figures }) {
  return (
    <dl className="figure-grid">
      {headlines(totals).map(({ label, value, note }) => (
        <div key={label} className="figure-card">
          <dt className="text-muted text-xs">{label}</dt>
          <dd className="mt-1 font-semibold text-2xl text-ink tabular-nums tracking-tight">
            <bdi>{value}</bdi>
          </dd>
          <dd className="mt-0.5 text-muted text-xs">
            <bdi>{note}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function headlines(totals: Figures): readonly Headline[] {
  const { questions, first_token_ms: first, total_ms: total, up, down } = totals;
  const inSeconds = (ms: number | undefined) => duration(ms === undefined ? null : ms / 1_000);
  const tokens = totals.prompt_tokens + totals.completion_tokens;
  return [
    {
      label: "Questions",
      value: count(questions),
      note: `${percent(share(totals.done, questions))} answered to the end`,
    },
    {
      label: "First word, median",
      value: inSeconds(first?.p50),
      note: `95% within ${inSeconds(first?.p95)}`,
    },
    {
      label: "Whole answer, median",
      value: inSeconds(total?.p50),
      note: `95% within ${inSeconds(total?.p95)}`,
    },
    {
      label: "From the cache",
      value: percent(share(totals.cache_hits, questions)),
      note: `${count(totals.cache_hits)} of ${count(questions)}`,
    },
    {
      label: "Abstained",
      value: percent(share(totals.abstained, questions)),
      note: "the documents did not say",
    },
    {
      label: "Rated good",
      value: percent(share(up, up + down)),
      note: up + down === 0 ? "no ratings yet" : `${count(up)} good, ${count(down)} bad`,
    },
    {
      label: "Cost",
      value: money(totals.cost_usd),
      note: tokens === 0 ? "no model was asked" : `${short(tokens)} tokens`,
    },
    {
      label: "Failed",
      value: count(totals.errors + totals.truncated),
      note:
        totals.cancelled === 0 ? NOTHING : `${count(totals.cancelled)} more stopped by the asker`,
    },
  ];
}
