import fc from "fast-check";
import { expect, it } from "vitest";
import { withDollars } from "../../src/ui/markdown/math_delimiters";

it.each([
  ["a \\(x\\) b", "a $$x$$ b"],
  ["\\[\nx\n\\]", "$$\nx\n$$"],
  ["`\\(x\\)`", "`\\(x\\)`"],
  ["```\n\\(x\\)\n```\n\\(y\\)", "```\n\\(x\\)\n```\n$$y$$"],
  ["```\n\\(x\\)", "```\n\\(x\\)"],
  ["\\\\(x\\\\)", "\\\\(x\\\\)"],
  ["open \\(x", "open \\(x"],
  ["$5 and $6", "$5 and $6"],
])("%j becomes %j", (given, result) => {
  expect(withDollars(given)).toBe(result);
});

it("the length never changes", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[\\()[\]`~\n$ x]*$/), (text) => {
      expect(withDollars(text)).toHaveLength(text.length);
    }),
  );
});
