/** Where an answer's text shows evidence: citation marks, and what the server could not confirm. */
import type { Citation, Flag } from "../../protocol/wire";
import type { SourceRange } from "../../ui/markdown/ranges";
import { offsetReader } from "./offsets";

/** Elements that stand for evidence in the rendered text. */
export const CITATION = "cite-mark";
export const FLAGGED = "flagged-text";
export const FLAG_NOTE = "flag-note";

const MARK = /\[(\d{1,3})\]/g;

/** The source ids that a text cites, in the order of their first mark. */
export function citedIds(text: string): readonly string[] {
  return [...new Set([...text.matchAll(MARK)].map((match) => match[1] ?? ""))];
}

/** The marks of known sources; other brackets stay text. `at` is where the mark begins. */
export function citationRanges(text: string, known: ReadonlySet<string>): readonly SourceRange[] {
  return [...text.matchAll(MARK)].flatMap((match): SourceRange[] => {
    const id = match[1] ?? "";
    if (!known.has(id)) return [];
    const start = match.index;
    const properties = { id, at: start };
    return [{ start, end: start + match[0].length, tag: CITATION, properties, place: "replace" }];
  });
}

/** What was flagged, as ranges of `text`; a figure inside of an unsupported sentence has no note. */
export function flagRanges(text: string, flags: readonly Flag[]): readonly SourceRange[] {
  const read = offsetReader(text);
  return flags.flatMap((flag, index): SourceRange[] => {
    const start = read(flag.start);
    const end = read(flag.end);
    if (end <= start || end > text.length) return [];
    const range = { start, end, properties: { kind: flag.kind, flag: index } };
    const wrap: SourceRange = { ...range, tag: FLAGGED, place: "wrap" };
    const inside = flags.some(
      (other) =>
        other.kind === "unsupported" &&
        flag.kind === "figure" &&
        other.start <= flag.start &&
        other.end >= flag.end,
    );
    return inside ? [wrap] : [wrap, { ...range, tag: FLAG_NOTE, place: "after" }];
  });
}

/** Citations by where their marks begin in `text`, in UTF-16 units. */
export function citationsByPlace(
  text: string,
  citations: readonly Citation[],
): ReadonlyMap<number, Citation> {
  const read = offsetReader(text);
  return new Map(citations.map((citation) => [read(citation.at), citation]));
}
