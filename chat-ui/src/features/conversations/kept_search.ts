/** Searches what this browser keeps, for when the server cannot be asked. Pure. */

import type { SearchHit } from "../../api/schema";
import { shownText } from "../../chat/answer";
import type { Conversation } from "../../chat/conversation";

const AROUND = 60;
const MAX_HITS = 50;

/** Hits in the order of `conversations`; every word has to occur, in any case. */
export function searchKept(
  conversations: readonly Conversation[],
  words: string,
): readonly SearchHit[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return [];
  const hits: SearchHit[] = [];
  for (const { key, turns } of conversations) {
    const title = turns[0]?.question ?? "";
    for (const { question, answer, askedAt } of turns) {
      const places = [
        { where: "question" as const, text: question },
        { where: "answer" as const, text: answer === null ? "" : shownText(answer) },
      ];
      for (const { where, text } of places) {
        const found = excerptOf(text, wanted);
        if (found === null) continue;
        const answer_id = answer?.id ?? null;
        hits.push({ conversation_id: key, title, answer_id, where, at: askedAt, ...found });
        if (hits.length === MAX_HITS) return hits;
      }
    }
  }
  return hits;
}

function excerptOf(
  text: string,
  wanted: readonly string[],
): Pick<SearchHit, "excerpt" | "marks"> | null {
  const lower = text.toLowerCase();
  if (!wanted.every((word) => lower.includes(word))) return null;
  const first = Math.min(...wanted.map((word) => lower.indexOf(word)));
  const from = first <= AROUND ? 0 : text.indexOf(" ", first - AROUND) + 1 || first;
  const excerpt = (from > 0 ? "…" : "") + text.slice(Math.min(from, first), first + 2 * AROUND);
  const marks = wanted.flatMap((word): [number, number][] => {
    const at = excerpt.toLowerCase().indexOf(word);
    if (at < 0) return [];
    const start = [...excerpt.slice(0, at)].length;
    return [[start, start + [...word].length]];
  });
  return { excerpt, marks };
}
