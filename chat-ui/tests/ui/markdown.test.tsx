// @vitest-environment happy-dom
import { cleanup, render, screen } from "@testing-library/react";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import Markdown from "../../src/ui/markdown/Markdown";
import { alignment, type SourceRange } from "../../src/ui/markdown/ranges";

afterEach(cleanup);

const components = {
  "a-chip": ({ id }: Record<string, unknown>) => <button type="button">{String(id)}</button>,
  "a-mark": ({ children }: { children?: React.ReactNode }) => <mark>{children}</mark>,
  "a-note": () => <sup>note</sup>,
};

const rangeOf = (text: string, part: string, more: Partial<SourceRange> = {}): SourceRange => {
  const start = text.indexOf(part);
  return { start, end: start + part.length, tag: "a-mark", place: "wrap", ...more };
};

function show(text: string, ranges: readonly SourceRange[] = [], streaming = false) {
  return render(
    <Markdown text={text} ranges={ranges} components={components} streaming={streaming} />,
  ).container;
}

const marked = (container: HTMLElement) =>
  [...container.querySelectorAll("mark")].map((mark) => mark.textContent).join("");

describe("ranges of the source", () => {
  it("are found in a later block, across emphasis, and keep the words as they are", () => {
    const text = "# Title\n\nFirst.\n\nIt is **1.5 percent** a year, always.";
    const container = show(text, [rangeOf(text, "is **1.5 percent** a year")]);
    expect(marked(container)).toBe("is 1.5 percent a year");
    expect(container.textContent).toContain("It is 1.5 percent a year, always.");
    expect(container.querySelector("strong")?.textContent).toBe("1.5 percent");
  });

  it("are found in lists, quotations and tables, behind escapes and entities", () => {
    for (const [text, part, shown] of [
      ["- one\n- two\n  more two\n- three", "two\n  more", "two\nmore"],
      ["> said\n> more words", "said\n> more", "said\nmore"],
      ["| a | b |\n|---|---|\n| c \\| d | e |", "c \\| d", "c | d"],
      ["AT&amp;T \\*pays\\* 5 &lt; 6", "\\*pays\\* 5", "*pays* 5"],
    ] as const) {
      expect(marked(show(text, [rangeOf(text, part)]))).toBe(shown);
      cleanup();
    }
  });

  it("a replaced range is a chip that stays with the word before it", () => {
    const text = "a [1][2], b [9].";
    const chips = ["[1]", "[2]"].map((part, at) =>
      rangeOf(text, part, { tag: "a-chip", place: "replace", properties: { id: at + 1 } }),
    );
    const container = show(text, chips);
    expect(screen.getAllByRole("button").map((chip) => chip.textContent)).toEqual(["1", "2"]);
    expect(container.textContent).toContain("a\u00a012, b [9].");
  });

  it("nothing is replaced in code or links", () => {
    const text = "`x[1]` and [see [1] there](https://example.com)";
    const chips = [...text.matchAll(/\[1\]/g)].map(({ index }) => ({
      start: index,
      end: index + 3,
      tag: "a-chip",
      place: "replace" as const,
      properties: { id: "1" },
    }));
    expect(chips).toHaveLength(2);
    show(text, chips);
    expect(screen.queryByRole("button", { name: "1" })).toBeNull();
  });

  it("a note follows the last piece of its range once", () => {
    const text = "One **two** three. Four.";
    const range = rangeOf(text, "One **two** three.");
    const container = show(text, [range, { ...range, tag: "a-note", place: "after" }]);
    expect(container.querySelectorAll("sup")).toHaveLength(1);
    expect(container.textContent).toBe("One two three.note Four.");
  });

  it("any range of any text leaves the rendered words as they are", () => {
    const texts = fc.stringMatching(/^([a-c*_`[\]1 \n>|-]){0,60}$/);
    fc.assert(
      fc.property(texts, fc.nat(60), fc.nat(20), (text, start, length) => {
        const plain = show(text).textContent;
        cleanup();
        const range = { start, end: start + length, tag: "a-mark", place: "wrap" as const };
        expect(show(text, length === 0 ? [] : [range]).textContent).toBe(plain);
        cleanup();
      }),
      { numRuns: 60 },
    );
  });
});

it("alignment is the identity where nothing was changed", () => {
  expect(alignment("abc", "abc")).toEqual([0, 1, 2, 3]);
});

it("hostile Markdown stays text: no HTML, no remote image, no script address", () => {
  const container = show(
    "<img src=x onerror=alert(1)> ![spy](https://evil.example/p.png) [run](javascript:alert(1)) [d](data:text/html,x)\n\n<script>alert(1)</script>\n\n<iframe src='https://evil.example'></iframe>",
  );
  expect(container.querySelector("img, script, iframe, [onerror], a")).toBeNull();
  expect(container.textContent).toContain("<img src=x onerror=alert(1)>");
});

it("no address without its scheme becomes a link, however it is spelled", () => {
  for (const address of ["//x.example", "\\/\\/x.example", "\\\\\\\\x.example", "/\\\\x.example"]) {
    expect(show(`[terms](${address})`).querySelector("a")).toBeNull();
    expect(document.body.textContent).toContain("terms");
    cleanup();
  }
});

it("an external link says that it leaves, in words", () => {
  show("[rules](https://example.com/rules)");
  const link = screen.getByRole("link", { name: /rules.*opens in a new tab/ });
  expect(link.getAttribute("rel")).toContain("noopener");
});

it("unfinished marks are closed while text streams", () => {
  const container = show("It is **bold", [], true);
  expect(container.querySelector("strong")?.textContent).toBe("bold");
});

it("code has a copy button", () => {
  show("```sql\nselect 1;\n```");
  expect(screen.getByRole("button", { name: "Copy code" })).toBeTruthy();
});

it("formulas are set by KaTeX in either notation; prices are none", async () => {
  const container = show("Loss \\(P = I^2 R\\) costs $31.40 or $5.\n\n$$\na + b\n$$");
  await expect.poll(() => container.querySelectorAll(".katex").length).toBe(2);
  expect(container.textContent).toContain("$31.40 or $5");
});

it("a table of 200 columns can be scrolled by keyboard", () => {
  const row = (cell: (n: number) => string) =>
    `|${Array.from({ length: 200 }, (_, n) => cell(n)).join("|")}|`;
  show([row(String), row(() => "-"), row((n) => `c${n}`)].join("\n"));
  expect(screen.getByRole("region", { name: "Table" }).tabIndex).toBe(0);
  expect(screen.getAllByRole("columnheader")).toHaveLength(200);
});
