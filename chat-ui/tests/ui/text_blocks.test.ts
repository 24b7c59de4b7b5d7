import fc from "fast-check";
import { expect, it } from "vitest";
import { textBlocks } from "../../src/ui/text_blocks";

it("rows of bars become a table; the words around them stay as they are", () => {
  expect(textBlocks("Before.\n\nMore.\n| A | B |\n|---|---|\n| 1 | 2 |\n\nAfter.")).toEqual([
    { kind: "text", text: "Before.\n\nMore." },
    {
      kind: "table",
      rows: [
        ["A", "B"],
        ["1", "2"],
      ],
    },
    { kind: "text", text: "After." },
  ]);
});

it("a single line with bars is no table", () => {
  expect(textBlocks("| a |")).toEqual([{ kind: "text", text: "| a |" }]);
});

it("no word is lost", () => {
  const line = fc.constantFrom("word one", "| a | b |", "|---|---|", "", "  two", "| c |");
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const words = (text: string) => text.match(/\w+/g) ?? [];
      const shown = textBlocks(lines.join("\n")).flatMap((block) =>
        words(block.kind === "text" ? block.text : block.rows.flat().join(" ")),
      );
      expect(shown).toEqual(words(lines.join("\n")));
    }),
  );
});
