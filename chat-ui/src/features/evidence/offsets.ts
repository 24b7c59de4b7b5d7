/** The server counts characters as Python does, by code point; strings here count UTF-16 units. */

/** Turns an offset by code point into one by UTF-16 unit, for one text. */
export function offsetReader(text: string): (codePoints: number) => number {
  const pairs: number[] = [];
  for (const { index } of text.matchAll(/[\ud800-\udbff][\udc00-\udfff]/g)) {
    // In code points, each pair before this one was half as long.
    pairs.push(index - pairs.length);
  }
  if (pairs.length === 0) return (offset) => offset;
  return (offset) => {
    let before = 0;
    while (before < pairs.length && (pairs[before] ?? 0) < offset) before += 1;
    return offset + before;
  };
}
