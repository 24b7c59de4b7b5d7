/**
 * Marks ranges of the Markdown source in what it renders to: a rehype plugin that finds the text
 * nodes a range covers by their positions, so that marks inside of the range change nothing.
 */
import type { Element, ElementContent, Parents, Root, Text } from "hast";

/** A part of the source, as UTF-16 offsets, and the element that shows it. */
export interface SourceRange {
  readonly start: number;
  readonly end: number;
  /** The custom element, which the caller's components render. */
  readonly tag: string;
  readonly properties?: Readonly<Record<string, string | number>>;
  /**
   * `replace`: the element stands for the source (a citation mark); `wrap`: it holds the rendered
   * text, piece by piece; `after`: it follows the last piece.
   */
  readonly place: "replace" | "wrap" | "after";
}

/** Text inside of these is shown as it stands. */
const LITERAL = new Set(["code", "pre"]);

interface Options {
  readonly ranges: readonly SourceRange[];
}

/** `ranges` count from the start of the text that this plugin's tree was parsed from. */
export function rehypeRanges({ ranges }: Options) {
  return (tree: Root, file: { readonly value: unknown }): void => {
    const source = String(file.value);
    const last = new Map<SourceRange, Element | Text>();
    visit(tree, ranges, source, last, false);
    const after = ranges.filter(({ place }) => place === "after");
    if (after.some((range) => last.has(range))) follow(tree, after, last);
  };
}

function visit(
  parent: Parents,
  ranges: readonly SourceRange[],
  source: string,
  last: Map<SourceRange, Element | Text>,
  inLink: boolean,
): void {
  const children: ElementContent[] = [];
  for (const child of parent.children as ElementContent[]) {
    if (child.type === "text") children.push(...cut(child, ranges, source, last, inLink));
    else {
      if (child.type === "element" && !LITERAL.has(child.tagName)) {
        visit(child, ranges, source, last, inLink || child.tagName === "a");
      }
      children.push(child);
    }
  }
  parent.children = children;
}

/** A text node as pieces: plain, wrapped or replaced. */
function cut(
  node: Text,
  ranges: readonly SourceRange[],
  source: string,
  last: Map<SourceRange, Element | Text>,
  inLink: boolean,
): ElementContent[] {
  const start = node.position?.start.offset;
  const end = node.position?.end.offset;
  if (start === undefined || end === undefined) return [node];
  const here = ranges.filter(
    (range) => range.start < end && range.end > start && !(inLink && range.place === "replace"),
  );
  if (here.length === 0) return [node];
  const places = alignment(source.slice(start, end), node.value);
  const inValue = (offset: number) =>
    places[Math.min(Math.max(offset - start, 0), end - start)] ?? 0;
  const bounds = new Set([0, node.value.length]);
  for (const range of here) bounds.add(inValue(range.start)).add(inValue(range.end));
  const cuts = [...bounds].sort((a, b) => a - b);
  const glued = new Set(
    here.filter(({ place }) => place === "replace").map((range) => inValue(range.start)),
  );
  return cuts.slice(1).map((to, index) => {
    const from = cuts[index] ?? 0;
    const covering = here.filter((r) => inValue(r.start) <= from && inValue(r.end) >= to);
    const piece = pieceOf(node.value.slice(from, to), covering, glued.has(to));
    for (const range of covering) last.set(range, piece);
    return piece;
  });
}

/** `glued`: a mark follows, which stays on the line of the word before it. */
function pieceOf(value: string, covering: readonly SourceRange[], glued: boolean): Element | Text {
  const replaced = covering.find(({ place }) => place === "replace");
  if (replaced !== undefined) return element(replaced, [{ type: "text", value }]);
  const text: Text = { type: "text", value: glued ? value.replace(/ $/, "\u00a0") : value };
  return covering
    .filter(({ place }) => place === "wrap")
    .reduceRight<Element | Text>((inner, range) => element(range, [inner]), text);
}

function element({ tag, properties }: SourceRange, children: ElementContent[]): Element {
  return { type: "element", tagName: tag, properties: { ...properties }, children };
}

/** Puts the elements that follow a range behind its last piece. */
function follow(
  parent: Parents,
  after: readonly SourceRange[],
  last: ReadonlyMap<SourceRange, Element | Text>,
): void {
  const children: ElementContent[] = [];
  for (const child of parent.children as ElementContent[]) {
    children.push(child);
    for (const range of after) if (last.get(range) === child) children.push(element(range, []));
    if (child.type === "element") follow(child, after, last);
  }
  parent.children = children;
}

/**
 * For every offset in `source`, the offset in the `value` it was parsed to. They differ where the
 * source has escapes, entities, or the indent of a list or quotation.
 */
export function alignment(source: string, value: string): readonly number[] {
  const places = new Array<number>(source.length + 1);
  let at = 0;
  for (let offset = 0; offset < source.length; offset += 1) {
    places[offset] = at;
    if (at < value.length && source[offset] === value[at]) at += 1;
  }
  places[source.length] = value.length;
  return places;
}
