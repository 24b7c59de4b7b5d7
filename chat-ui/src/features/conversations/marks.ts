/** Cuts an excerpt at its marks, for highlighting. Pure. */

export interface Piece {
  readonly text: string;
  readonly isMarked: boolean;
  /** Where it begins, in Unicode characters. */
  readonly at: number;
}

/**
 * `marks` are spans of Unicode characters; those that overlap or reach beyond the text are cut, and
 * what is no span is left out.
 */
export function piecesOf(
  excerpt: string,
  marks: readonly (readonly [unknown, unknown])[],
): readonly Piece[] {
  const characters = [...excerpt];
  const pieces: Piece[] = [];
  let at = 0;
  const take = (to: number, isMarked: boolean) => {
    const end = Math.min(to, characters.length);
    if (end > at) pieces.push({ text: characters.slice(at, end).join(""), isMarked, at });
    at = Math.max(at, end);
  };
  const spans = marks.filter(isSpan).sort(([one], [two]) => one - two);
  for (const [start, end] of spans) {
    take(start, false);
    take(end, true);
  }
  take(characters.length, false);
  return pieces;
}

function isSpan(mark: readonly [unknown, unknown]): mark is readonly [number, number] {
  return Number.isInteger(mark[0]) && Number.isInteger(mark[1]);
}
