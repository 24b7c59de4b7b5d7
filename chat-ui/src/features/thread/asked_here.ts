/** Which question this page itself has asked last: its row fills the view. */
import { useRef } from "react";
import { useSession } from "../../session/session_context";

/**
 * The last of `ids` if its question was asked since the list was shown, else `null`. Turns that come
 * with their answers, from storage or from another tab, were not asked here.
 */
export function useAskedHere(ids: readonly string[]): string | null {
  const session = useSession();
  const seen = useRef<{ known: ReadonlySet<string>; asked: string | null }>(null);
  const newest = ids.at(-1);
  if (newest !== undefined && seen.current?.known.has(newest) !== true) {
    const turn = session.view().chat.turns.at(-1);
    const isNew = turn?.clientMsgId === newest && turn.answer === null && turn.refusal === null;
    seen.current = { known: new Set(ids), asked: isNew ? newest : null };
  }
  return seen.current?.asked === newest ? (newest ?? null) : null;
}
