import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Document } from "../../src/api/schema";
import { aboutDocument, SAMPLE_STARTERS } from "../../src/features/thread/starters";

it("every starter is a question that its sample document answers", () => {
  const lines = readFileSync(new URL("../../../corpus/questions.jsonl", import.meta.url), "utf8");
  const answerable = lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; question: string; document: string })
    .flatMap(({ kind, question, document }) =>
      kind === "answerable" ? [`${document} ${question}`] : [],
    );
  for (const { question, document } of SAMPLE_STARTERS)
    expect(answerable).toContain(`${document} ${question}`);
});

describe("of any other document", () => {
  const document: Document = {
    document: "d",
    title: "Grid Code",
    url: null,
    format: "md",
    date: null,
    groups: ["public"],
    pages: null,
    characters: 5_000,
    chunk_count: 9,
    sections: [
      { title: "Introduction", start: 0 },
      { title: "2. Voltage limits", start: 2_000 },
      { title: "3. Metering", start: 4_500 },
    ],
  };

  it("the longest section that says what it is about is asked for", () => {
    expect(aboutDocument(document)).toEqual([
      { topic: "Grid Code", question: "What does “Grid Code” say about voltage limits?" },
    ]);
  });

  it("without such a section there is no question", () => {
    expect(aboutDocument({ ...document, sections: [{ title: "Page 1", start: 0 }] })).toEqual([]);
  });
});
