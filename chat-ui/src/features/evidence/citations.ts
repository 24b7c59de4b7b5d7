/** Finds citation markers such as `[2]` in rendered text and makes them elements of their own. */
import type { Element, ElementContent, Root, RootContent, Text } from "hast";

/** The element a marker becomes; the page renders it as a chip. */
export const CITATION_TAG = "cite-mark";

const MARKER = /\[(\d{1,3})\]/g;
/** Brackets inside these are code or an address, not a citation. */
const LITERAL = new Set(["code", "pre", "a"]);

/** The source ids that a text cites, in the order of their first marker. */
export function citedIds(text: string): readonly string[] {
  return [...new Set([...text.matchAll(MARKER)].map((match) => match[1] ?? ""))];
}

/** A rehype plugin: `options.known` are the ids that have a source; other brackets stay text. */
export function rehypeCitations(options: { readonly known: readonly string[] }) {
  const known = new Set(options.known);
  return (tree: Root): void => {
    visit(tree, known);
  };
}

function visit(parent: Root | Element, known: ReadonlySet<string>): void {
  const children: (RootContent | ElementContent)[] = [];
  for (const child of parent.children) {
    if (child.type === "text") children.push(...split(child, known));
    else {
      if (child.type === "element" && !LITERAL.has(child.tagName)) visit(child, known);
      children.push(child);
    }
  }
  parent.children = children as typeof parent.children;
}

function split({ value }: Text, known: ReadonlySet<string>): ElementContent[] {
  const parts: ElementContent[] = [];
  let from = 0;
  for (const match of value.matchAll(MARKER)) {
    const id = match[1] ?? "";
    if (!known.has(id)) continue;
    // A marker stays on the line of the word that it supports.
    const before = value.slice(from, match.index).replace(/ $/, "\u00a0");
    if (before !== "") parts.push({ type: "text", value: before });
    parts.push({
      type: "element",
      tagName: CITATION_TAG,
      properties: { id },
      children: [{ type: "text", value: id }],
    });
    from = match.index + match[0].length;
  }
  const rest = value.slice(from);
  if (rest !== "" || parts.length === 0) parts.push({ type: "text", value: rest });
  return parts;
}
