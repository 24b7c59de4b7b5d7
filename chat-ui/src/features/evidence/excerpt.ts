/** A cited chunk with its neighbours as one text, and where the cited span is in it. */
import type { SourceRange } from "../../ui/markdown/ranges";
import { offsetReader } from "./offsets";

/** A piece of a document; offsets count its characters by code point. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Excerpt {
  readonly text: string;
  readonly ranges: readonly SourceRange[];
}

/** The element of the cited words. */
export const CITED = "cited-span";

/**
 * Joins `pieces`, which stand in the order of the document and may overlap, and marks `span`.
 * Pieces that do not touch are set apart by an empty line: headings between them are not stored.
 */
export function excerptOf(pieces: readonly Piece[], span: Span | null): Excerpt {
  let text = "";
  let reached = -1;
  const ranges: SourceRange[] = [];
  for (const piece of pieces) {
    const read = offsetReader(piece.text);
    const from = read(Math.max(0, Math.min(reached, piece.end) - piece.start));
    if (text !== "" && piece.start > reached) text += "\n\n";
    const base = text.length - from;
    text += piece.text.slice(from);
    reached = Math.max(reached, piece.end);
    if (span === null) continue;
    const start = Math.max(from, read(Math.max(0, span.start - piece.start)));
    const end = Math.min(piece.text.length, read(Math.max(0, span.end - piece.start)));
    if (start < end) {
      ranges.push({ start: base + start, end: base + end, tag: CITED, place: "wrap" });
    }
  }
  return { text, ranges };
}
