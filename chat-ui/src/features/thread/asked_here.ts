/** Which question this page itself has asked last: its row fills the view. */
import { useRef } from "react";
import type { Turn } from "../../chat/conversation";

/**
 * The id of the last turn if it was asked since the list was shown, else `null`. Turns that come
 * with their answers, from storage or from another tab, were not asked here.
 */
export function useAskedHere(turns: readonly Turn[]): string | null {
  const seen = useRef<{ known: ReadonlySet<string>; asked: string | null }>(null);
  const newest = turns.at(-1) ?? null;
  const ids = () => new Set(turns.map(({ clientMsgId }) => clientMsgId));
  if (seen.current === null) {
    const running = newest !== null && newest.answer === null && newest.refusal === null;
    seen.current = { known: ids(), asked: running ? newest.clientMsgId : null };
  } else if (newest !== null && !seen.current.known.has(newest.clientMsgId)) {
    seen.current = { known: ids(), asked: newest.answer === null ? newest.clientMsgId : null };
  }
  return seen.current.asked === newest?.clientMsgId ? seen.current.asked : null;
}
