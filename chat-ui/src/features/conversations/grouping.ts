/** The sidebar's order: pinned ones first, the others by the day of their last question. Pure. */

import type { ConversationSummary } from "../../api/schema";
import type { OpenConversation } from "../../chat/view";

/** One line of the list. */
export interface Entry {
  /** What its address names: the server's id, or this page's own for a question not accepted yet. */
  readonly key: string;
  readonly title: string;
  readonly updatedAt: number;
  readonly pinned: boolean;
  /** False until the server knows it: it cannot be renamed, pinned, exported or deleted yet. */
  readonly isKnown: boolean;
}

export interface Group {
  readonly label: string;
  readonly entries: readonly Entry[];
}

const DAY_MS = 24 * 60 * 60 * 1_000;
const TITLE_CHARS = 60;

/** The server's list, with those that only this page knows of yet on top. */
export function entriesOf(
  listed: readonly ConversationSummary[],
  open: readonly OpenConversation[],
): readonly Entry[] {
  const known = new Set(listed.map(({ conversation_id }) => conversation_id));
  const fresh = open
    .filter(({ key }) => !known.has(key))
    .map(({ key, id, question, askedAt }) => ({
      key,
      title: titleOf(question),
      updatedAt: askedAt,
      pinned: false,
      isKnown: id !== null,
    }));
  const stored = listed.map(({ conversation_id, title, updated_at, pinned }) => ({
    key: conversation_id,
    title,
    updatedAt: updated_at,
    pinned,
    isKnown: true,
  }));
  return [...fresh, ...stored];
}

/** `now` in milliseconds since 1970; days are those of this browser's time zone. */
export function groupEntries(entries: readonly Entry[], now: number): readonly Group[] {
  const today = startOfDay(now);
  const label = ({ pinned, updatedAt }: Entry): string => {
    if (pinned) return "Pinned";
    if (updatedAt >= today) return "Today";
    if (updatedAt >= startOfDay(today - 1)) return "Yesterday";
    if (updatedAt >= startOfDay(today - 6 * DAY_MS)) return "Previous 7 days";
    if (updatedAt >= startOfDay(today - 29 * DAY_MS)) return "Previous 30 days";
    return "Older";
  };
  const groups = new Map<string, Entry[]>(ORDER.map((name) => [name, []]));
  const sorted = [...entries].sort((one, two) => two.updatedAt - one.updatedAt);
  for (const entry of sorted) groups.get(label(entry))?.push(entry);
  return [...groups]
    .filter(([, some]) => some.length > 0)
    .map(([name, some]) => ({ label: name, entries: some }));
}

const ORDER = ["Pinned", "Today", "Yesterday", "Previous 7 days", "Previous 30 days", "Older"];

function startOfDay(time: number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}

/** As the server titles a conversation: its first question, cut at a word. */
function titleOf(question: string): string {
  const line = question.split(/\s+/).join(" ").trim();
  if (line.length <= TITLE_CHARS) return line;
  const cut = line.slice(0, TITLE_CHARS);
  return `${cut.slice(0, cut.lastIndexOf(" ")).replace(/[,.;:]+$/, "") || cut}…`;
}
