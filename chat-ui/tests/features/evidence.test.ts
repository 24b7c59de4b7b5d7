import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  citationRanges,
  citationsByPlace,
  citedIds,
  flagRanges,
} from "../../src/features/evidence/answer_ranges";
import { excerptOf } from "../../src/features/evidence/excerpt";
import { offsetReader } from "../../src/features/evidence/offsets";
import { placeOf, plainExcerpt, safeAddress } from "../../src/features/evidence/place";
import type { Flag } from "../../src/protocol/wire";

/** Characters as Python counts them. */
const points = (text: string) => [...text];

it("an offset by code point becomes one by UTF-16 unit", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.nat(40), (text, wanted) => {
      const offset = Math.min(wanted, points(text).length);
      const expected = points(text).slice(0, offset).join("").length;
      expect(offsetReader(text)(offset)).toBe(expected);
    }),
  );
});

it("cited ids come once each, in the order of the text", () => {
  expect(citedIds("b [2] a [1] b [2] [x] [1234]")).toEqual(["2", "1"]);
});

it("marks of known sources are ranges; other brackets are not", () => {
  const ranges = citationRanges("a [1][2], b [9].", new Set(["1", "2"]));
  expect(ranges.map(({ start, end, properties }) => [start, end, properties?.id])).toEqual([
    [2, 5, "1"],
    [5, 8, "2"],
  ]);
});

it("a citation is found by its mark, also behind characters of two units", () => {
  const text = "⚡🔋 full [1]";
  const citation = {
    source_id: "1",
    document: "d",
    chunk_id: "c",
    at: points(text).indexOf("["),
    quote: "q",
    start: 0,
    end: 1,
  };
  const mark = citationRanges(text, new Set(["1"]))[0];
  expect(citationsByPlace(text, [citation]).get(mark?.start ?? -1)).toBe(citation);
});

describe("flags", () => {
  const text = "It pays 9 percent. 🔋 It ends in 2031.";
  const flag = (kind: Flag["kind"], part: string): Flag => {
    const start = points(text.slice(0, text.indexOf(part))).length;
    return { kind, start, end: start + points(part).length, text: part };
  };

  it("cover the words that they name", () => {
    const [range] = flagRanges(text, [flag("figure", "2031")]);
    expect(text.slice(range?.start, range?.end)).toBe("2031");
  });

  it("a figure in an unsupported sentence is marked, and noted once with its sentence", () => {
    const flags = [flag("unsupported", "It pays 9 percent."), flag("figure", "9 percent")];
    expect(flagRanges(text, flags).map(({ place }) => place)).toEqual(["wrap", "after", "wrap"]);
  });

  it("a flag that does not fit the text is left out", () => {
    expect(flagRanges("short", [{ kind: "figure", start: 3, end: 99, text: "x" }])).toEqual([]);
  });
});

describe("an excerpt", () => {
  const cited = ({ text, ranges }: ReturnType<typeof excerptOf>) =>
    ranges.map(({ start, end }) => text.slice(start, end)).join("");

  it("joins neighbours that overlap once, and marks the span", () => {
    const whole = "0123456789abcdef";
    const piece = (start: number, end: number) => ({ start, end, text: whole.slice(start, end) });
    const excerpt = excerptOf([piece(0, 8), piece(6, 12), piece(12, 16)], { start: 7, end: 10 });
    expect(excerpt.text).toBe(whole);
    expect(cited(excerpt)).toBe("789");
  });

  it("sets apart what does not touch", () => {
    const pieces = [
      { start: 0, end: 3, text: "one" },
      { start: 10, end: 13, text: "two" },
    ];
    const excerpt = excerptOf(pieces, { start: 10, end: 13 });
    expect(excerpt.text).toBe("one\n\ntwo");
    expect(cited(excerpt)).toBe("two");
  });

  it("counts by code point", () => {
    const text = "🔋🔋 cell";
    expect(cited(excerptOf([{ start: 5, end: 12, text }], { start: 8, end: 12 }))).toBe("cell");
  });

  it("without a span marks nothing", () => {
    expect(excerptOf([{ start: 0, end: 1, text: "x" }], null).ranges).toEqual([]);
  });
});

it("a place is told by page and section", () => {
  expect(placeOf({ page: 3, section: "4. Price > 4.2 Index" })).toBe("p. 3 · 4. Price › 4.2 Index");
  expect(placeOf({})).toBe("");
});

it("excerpts lose the marks of tables", () => {
  expect(plainExcerpt("| Year | **Price** |\n|---|---|\n| 2025 | 31.40 |")).toBe(
    "Year · Price · 2025 · 31.40",
  );
});

it("only addresses of the web are followed", () => {
  expect(safeAddress("javascript:alert(1)")).toBeNull();
  expect(safeAddress("https://docs.example.com/a")).toBe("https://docs.example.com/a");
  expect(safeAddress(null)).toBeNull();
});
