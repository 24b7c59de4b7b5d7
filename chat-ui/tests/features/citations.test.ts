import type { Element, Root } from "hast";
import { expect, it } from "vitest";
import { citedIds, rehypeCitations } from "../../src/features/evidence/citations";

const text = (value: string) => ({ type: "text" as const, value });
const element = (tagName: string, children: Element["children"]): Element => ({
  type: "element",
  tagName,
  properties: {},
  children,
});

it("markers of known sources become elements; the words around them stay", () => {
  const tree: Root = { type: "root", children: [element("p", [text("a [1][2], b [9].")])] };
  rehypeCitations({ known: ["1", "2"] })(tree);
  const paragraph = tree.children[0] as Element;
  expect(paragraph.children).toMatchObject([
    { value: "a\u00a0" },
    { tagName: "cite-mark", properties: { id: "1" } },
    { tagName: "cite-mark", properties: { id: "2" } },
    { value: ", b [9]." },
  ]);
});

it("code and links are left alone", () => {
  const children = [element("code", [text("x[1]")]), element("a", [text("[1]")])];
  const tree: Root = { type: "root", children: structuredClone(children) };
  rehypeCitations({ known: ["1"] })(tree);
  expect(tree.children).toEqual(children);
});

it("cited ids come once each, in the order of the text", () => {
  expect(citedIds("b [2] a [1] b [2] [x] [1234]")).toEqual(["2", "1"]);
});
