/** Fetches the newest conversations into this browser, so that they can be read offline. */
import { useEffect } from "react";
import type { ConversationSummary } from "../../api/schema";
import type { Archive } from "../../chat/archive";
import { digest } from "../../chat/digest";
import type { History } from "../../chat/history";
import { fromStored } from "../../chat/stored";
import { useConversationParts } from "./context";

const NEWEST = 20;
/** Late enough to leave what a person waits for alone. */
const AFTER_MS = 4_000;

/** Once per page, some time after its list has come. */
export function useKeptOffline(listed: readonly ConversationSummary[]): void {
  const { archive, history } = useConversationParts();
  const hasCome = listed.length > 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is opened later is kept anyway
  useEffect(() => {
    if (!hasCome) return;
    const timer = setTimeout(() => void keepNewest(archive, history, listed), AFTER_MS);
    return () => clearTimeout(timer);
  }, [archive, history, hasCome]);
}

/** One after the other, those of which this browser has not all turns; until one cannot be had. */
export async function keepNewest(
  archive: Archive,
  history: History,
  listed: readonly ConversationSummary[],
): Promise<void> {
  for (const { conversation_id, turns, active_answer } of listed.slice(0, NEWEST)) {
    if (active_answer !== null) continue;
    const kept = await archive.load(conversation_id);
    const known = kept?.turns.filter(({ answer }) => answer !== null).length ?? 0;
    if (known >= turns) continue;
    const found = await history.load(conversation_id);
    if (found.kind === "unreachable") return;
    if (found.kind === "missing") continue;
    const trouble = await archive.save(fromStored(conversation_id, found.turns, digest));
    if (trouble !== null) return;
  }
}
