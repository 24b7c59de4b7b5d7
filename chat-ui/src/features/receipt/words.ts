/** A receipt in words and figures. */
import type { CacheReceipt, Receipt } from "../../protocol/wire";

export interface Fact {
  readonly name: string;
  readonly value: string;
}

export interface StageBar {
  readonly name: string;
  readonly time: string;
  /** Share of the longest stage, 0..1. */
  readonly share: number;
}

const number = new Intl.NumberFormat("en");

/** True where sentences were quoted as they stand, and no language model was asked. */
export function isExtractive(model: string): boolean {
  return model.startsWith("extractive");
}

/** The model as a person knows it, without the name of its provider. */
export function modelName(model: string): string {
  return isExtractive(model) ? "Extractive: no language model" : model.replace(/^[^:]*:/, "");
}

export function duration(ms: number): string {
  if (ms < 1) return "< 1 ms";
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}

/** US dollars; small sums keep two digits that mean something. */
export function dollars(sum: number): string {
  if (sum === 0) return "$0";
  return sum < 0.01
    ? `$${Number(sum.toPrecision(2)).toFixed(Math.min(8, 1 - Math.floor(Math.log10(sum))))}`
    : `$${sum.toFixed(2)}`;
}

/** What each stage of the answer did, in words. */
const STAGES: Readonly<Record<string, string>> = {
  condense: "Complete the follow-up",
  embed: "Embed the question",
  cache: "Ask the cache",
  retrieve: "Search the documents",
  rerank: "Rank the passages",
  model: "Write the answer",
  generate: "Write the answer",
  repeat: "Repeat the stored answer",
};

export function stageBars({ stages }: Receipt): readonly StageBar[] {
  const longest = Math.max(1, ...stages.map(({ ms }) => ms));
  return stages.map(({ name, ms }) => ({
    name: STAGES[name] ?? name,
    time: duration(ms),
    share: ms / longest,
  }));
}

/** What the cache decided and why. */
export function cacheWords({ decision, reason, score }: CacheReceipt): string {
  const words = { hit: "Answered from the cache", miss: "Not in the cache", bypass: "Not asked" };
  const likeness = score == null ? null : `likeness ${score.toFixed(2)}`;
  const why = [reason || null, likeness].filter((part) => part !== null).join(", ");
  return why === "" ? words[decision] : `${words[decision]}: ${why}`;
}

/** Everything a receipt tells besides its stages; what it does not know is left out. */
export function facts(receipt: Receipt): readonly Fact[] {
  const { tokens, cost_usd, posts, sources, corpus_version, standalone_question } = receipt;
  const { prompt = 0, completion = 0 } = tokens;
  const asked = !isExtractive(receipt.model) && prompt + completion > 0;
  const all: readonly (Fact | null)[] = [
    { name: "Model", value: modelName(receipt.model) },
    { name: "Cache", value: cacheWords(receipt.cache) },
    standalone_question ? { name: "Understood as", value: standalone_question } : null,
    receipt.first_token_ms == null
      ? null
      : { name: "First word after", value: duration(receipt.first_token_ms) },
    receipt.total_ms == null ? null : { name: "Whole answer", value: duration(receipt.total_ms) },
    asked
      ? {
          name: "Tokens",
          value: `${number.format(prompt)} in, ${number.format(completion)} out`,
        }
      : null,
    cost_usd == null ? null : { name: "Cost", value: dollars(cost_usd) },
    sources ? { name: "Passages read", value: number.format(sources) } : null,
    posts ? { name: "Messages sent", value: number.format(posts) } : null,
    { name: "Corpus version", value: corpus_version },
  ];
  return all.filter((fact) => fact !== null);
}
