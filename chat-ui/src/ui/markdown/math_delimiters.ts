/**
 * Language models write mathematics between `\(` and `\)` or `\[` and `\]`; the renderer knows only
 * `$$`. The delimiters are exchanged one for one, so that offsets in the text stay true.
 */

/** Fenced code, inline code and escaped backslashes, which stay; then the two kinds of formula. */
const PARTS =
  /(?<=^|\n) {0,3}(`{3,}|~{3,})[\s\S]*?(?:\n {0,3}\1[`~]*[ \t]*(?=\n|$)|$)|(`+)(?!`)[\s\S]*?(?<!`)\2(?!`)|\\\\|\\\(([\s\S]+?)\\\)|\\\[([\s\S]+?)\\\]/g;

/** True where a text may hold mathematics; prices in single dollars are none. */
export function hasMath(text: string): boolean {
  return text.includes("$$") || /\\[([]/.test(text);
}

/** The text with `$$` as its only delimiter of mathematics; it has the same length. */
export function withDollars(text: string): string {
  if (!/\\[([]/.test(text)) return text;
  return text.replace(PARTS, (part, _fence, _ticks, inline?: string, display?: string) => {
    const formula = inline ?? display;
    return formula === undefined ? part : `$$${formula}$$`;
  });
}
