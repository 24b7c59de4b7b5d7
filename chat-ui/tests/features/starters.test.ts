import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { STARTERS } from "../../src/features/thread/starters";

it("every starter is a question that the sample documents answer", () => {
  const lines = readFileSync(new URL("../../../corpus/questions.jsonl", import.meta.url), "utf8");
  const answerable = lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; question: string })
    .flatMap(({ kind, question }) => (kind === "answerable" ? [question] : []));
  for (const { question } of STARTERS) expect(answerable).toContain(question);
});
