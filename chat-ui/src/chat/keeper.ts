/**
 * Keeps the open conversations in the archive and in step with other tabs. It decides when to write;
 * the archive decides how, and the session what a copy from elsewhere means.
 */
import type { Archive, StorageTrouble } from "./archive";
import { type Conversation, DRAFT } from "./conversation";
import type { ChatState } from "./state";
import type { Tabs } from "./tabs";
import { answeringKeys } from "./view";

/** While an answer streams, its conversation is written at most this often (ms). */
const SAVE_AFTER_MS = 300;
/** The archive's note of the conversations that are being answered. */
const UNFINISHED = "unfinished";

export interface KeeperOwner {
  /** How the last write went; `null` when it went well. */
  kept(trouble: StorageTrouble | null): void;
}

export class Keeper {
  readonly #archive: Archive;
  readonly #tabs: Tabs;
  readonly #owner: KeeperOwner;
  readonly #unsaved = new Map<string, Conversation>();
  /** What other tabs know of each conversation: which turns there are and which have ended. */
  readonly #told = new Map<string, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(archive: Archive, tabs: Tabs, owner: KeeperOwner) {
    this.#archive = archive;
    this.#tabs = tabs;
    this.#owner = owner;
  }

  /** Notes what has changed; a new question or an ended answer is written at once. */
  changed(before: ChatState, after: ChatState): void {
    this.#forgetRenamed(before, after);
    this.#noteUnfinished(before, after);
    let urgent = false;
    for (const conversation of after.conversations) {
      if (before.conversations.includes(conversation) || !isWorthKeeping(conversation)) continue;
      this.#unsaved.set(conversation.key, conversation);
      urgent ||= this.#told.get(conversation.key) !== outline(conversation);
    }
    if (this.#unsaved.size === 0) return;
    if (urgent) void this.save();
    else this.#timer ??= setTimeout(() => void this.save(), SAVE_AFTER_MS);
  }

  /** What came from the archive, another tab or the server need not be told to the other tabs. */
  known(conversation: Conversation): void {
    this.#told.set(conversation.key, outline(conversation));
  }

  /** Those that were being answered when they were last kept, in whichever tab. */
  async unfinished(): Promise<readonly Conversation[]> {
    const keys = (await this.#archive.note<readonly string[]>(UNFINISHED)) ?? [];
    const kept = await Promise.all(keys.map((key) => this.#archive.load(key)));
    return kept.filter((conversation) => conversation !== null);
  }

  /** Writes whatever is not written yet. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const conversations = [...this.#unsaved.values()];
    this.#unsaved.clear();
    await Promise.all(conversations.map((conversation) => this.#write(conversation)));
  }

  /** Deletes a conversation here and in the other tabs. */
  async forget(key: string): Promise<void> {
    this.#unsaved.delete(key);
    this.#told.delete(key);
    await this.#archive.forget(key);
    this.#tabs.tell({ kind: "deleted", key });
  }

  async #write(conversation: Conversation): Promise<void> {
    const { key } = conversation;
    const now = outline(conversation);
    const isNews = this.#told.get(key) !== now;
    this.#told.set(key, now);
    const trouble = await this.#archive.save(conversation);
    this.#owner.kept(trouble);
    if (isNews && trouble === null) this.#tabs.tell({ kind: "changed", key });
  }

  #noteUnfinished(before: ChatState, after: ChatState): void {
    const were = answeringKeys(before);
    const are = answeringKeys(after);
    const ended = were.filter((key) => !are.includes(key));
    const begun = are.filter((key) => !were.includes(key));
    if (ended.length === 0 && begun.length === 0) return;
    void this.#archive.changeNote<readonly string[]>(UNFINISHED, (keys) => [
      ...new Set([...(keys ?? []).filter((key) => !ended.includes(key)), ...begun]),
    ]);
  }

  /** A question that was accepted, or taken back, leaves no copy under its first name. */
  #forgetRenamed(before: ChatState, after: ChatState): void {
    for (const { id, key } of before.conversations) {
      if (id !== null || key === DRAFT) continue;
      if (after.conversations.some((other) => other.key === key)) continue;
      this.#unsaved.delete(key);
      void this.#archive.forget(key);
    }
  }
}

function isWorthKeeping({ key, turns }: Conversation): boolean {
  return key !== DRAFT && turns.length > 0;
}

/** Changes when another tab should hear of it; a few more words of an answer are no such news. */
function outline({ turns }: Conversation): string {
  return JSON.stringify(
    turns.map(({ clientMsgId, answer, withdrawn, feedback }) => [
      clientMsgId,
      answer?.id,
      answer?.end?.state,
      answer?.stopped,
      withdrawn,
      feedback,
    ]),
  );
}
