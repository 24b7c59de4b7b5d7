import { describe, expect, it } from "vitest";
import {
  cacheWords,
  dollars,
  duration,
  facts,
  modelName,
  stageBars,
} from "../../src/features/receipt/words";
import type { Receipt } from "../../src/protocol/wire";

const receipt: Receipt = {
  model: "openai:gpt-5-mini",
  corpus_version: "c1f0",
  cache: { decision: "miss", reason: "no near question", score: 0.412 },
  stages: [
    { name: "embed", ms: 6.1 },
    { name: "model", ms: 1180 },
    { name: "something new", ms: 0.2 },
  ],
  tokens: { prompt: 1412, completion: 74 },
  posts: 3,
  sources: 2,
  first_token_ms: 412,
  total_ms: 1203.5,
  cost_usd: 0.00051,
};

it("stages are bars against the longest; one that is not known keeps its name", () => {
  expect(stageBars(receipt)).toEqual([
    { name: "Embed the question", time: "6 ms", share: 6.1 / 1180 },
    { name: "Write the answer", time: "1.2 s", share: 1 },
    { name: "something new", time: "< 1 ms", share: 0.2 / 1180 },
  ]);
});

it("tells model, cache and why, tokens, cost, messages and corpus", () => {
  expect(Object.fromEntries(facts(receipt).map(({ name, value }) => [name, value]))).toEqual({
    Model: "gpt-5-mini",
    Cache: "Not in the cache: no near question, likeness 0.41",
    "First word after": "412 ms",
    "Whole answer": "1.2 s",
    Tokens: "1,412 in, 74 out",
    Cost: "$0.00051",
    "Passages read": "2",
    "Messages sent": "3",
    "Corpus version": "c1f0",
  });
});

describe("what is not known is left out", () => {
  it("no cost, no tokens where no language model was asked", () => {
    const names = facts({ ...receipt, model: "extractive", cost_usd: null }).map((f) => f.name);
    expect(names).not.toContain("Tokens");
    expect(names).not.toContain("Cost");
    expect(modelName("extractive")).toContain("no language model");
  });

  it("a follow-up tells how it was understood", () => {
    const told = facts({ ...receipt, standalone_question: "And in 2026?" });
    expect(told).toContainEqual({ name: "Understood as", value: "And in 2026?" });
  });
});

it.each([
  [0.4, "< 1 ms"],
  [999, "999 ms"],
  [1_240, "1.2 s"],
  [180_000, "3 min"],
])("%d ms is %s", (ms, words) => expect(duration(ms)).toBe(words));

it.each([
  [0, "$0"],
  [0.00051, "$0.00051"],
  [0.0000012, "$0.0000012"],
  [0.5, "$0.50"],
])("%d is %s", (sum, words) => expect(dollars(sum)).toBe(words));

it("a cache that was not asked says why", () => {
  expect(cacheWords({ decision: "bypass", reason: "asked afresh" })).toBe(
    "Not asked: asked afresh",
  );
  expect(cacheWords({ decision: "hit" })).toBe("Answered from the cache");
});
