/**
 * The conversations that this browser keeps, in IndexedDB: history that can be read offline, and
 * what a reload or another tab goes on from. It never throws: what it cannot keep it tells.
 */
import { clear, createStore, del, entries, get, type UseStore, update } from "idb-keyval";
import { type Answer, newAnswer } from "./answer";
import { type Conversation, emptyConversation, type Turn } from "./conversation";
import { mergeConversations } from "./merge";

/** Why this browser keeps nothing: it forbids it, or has no room left. */
export type StorageTrouble = "forbidden" | "full";

export interface Archive {
  /** The kept copy, or null. */
  load(key: string): Promise<Conversation | null>;
  /** Adds to the kept copy whatever this one has beyond it. */
  save(conversation: Conversation): Promise<StorageTrouble | null>;
  forget(key: string): Promise<void>;
  /** Every conversation that is kept, the last saved first. */
  all(): Promise<readonly Conversation[]>;
  /** A small value beside the conversations, such as the last known list of them. */
  note<T>(name: string): Promise<T | null>;
  changeNote<T>(name: string, change: (before: T | null) => T): Promise<void>;
  clear(): Promise<void>;
}

interface Record {
  readonly version: 1;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  readonly conversation: Conversation;
}

const CONVERSATION = "conversation:";
const NOTE = "note:";

/** The database of the page; it is opened on first use. */
export function browserDatabase(): UseStore {
  return createStore("energycopilot", "kept");
}

/** `now` gives milliseconds since 1970. */
export function createArchive(database: UseStore, now: () => number): Archive {
  const write = async (conversation: Conversation): Promise<void> => {
    await update<unknown>(
      CONVERSATION + conversation.key,
      (kept) => recordOf(parseRecord(kept)?.conversation ?? null, conversation, now()),
      database,
    );
  };
  const records = async (): Promise<readonly Record[]> => {
    const found = (await entries<string, unknown>(database))
      .filter(([key]) => key.startsWith(CONVERSATION))
      .flatMap(([, value]) => parseRecord(value) ?? []);
    return found.sort((one, two) => two.savedAt - one.savedAt);
  };
  /** Gives up the older half of what is kept. */
  const makeRoom = async (): Promise<void> => {
    const kept = await records();
    for (const { conversation } of kept.slice(Math.floor(kept.length / 2))) {
      await del(CONVERSATION + conversation.key, database);
    }
  };
  return {
    load: (key) =>
      attempt(async () => {
        const kept = await get<unknown>(CONVERSATION + key, database);
        return parseRecord(kept)?.conversation ?? null;
      }, null),
    async save(conversation) {
      const first = await troubleOf(() => write(conversation));
      if (first !== "full") return first;
      return troubleOf(async () => {
        await makeRoom();
        await write(conversation);
      });
    },
    forget: (key) => attempt(() => del(CONVERSATION + key, database), undefined),
    all: () => attempt(async () => (await records()).map(({ conversation }) => conversation), []),
    note: <T>(name: string) =>
      attempt<T | null>(async () => (await get<T>(NOTE + name, database)) ?? null, null),
    changeNote: <T>(name: string, change: (before: T | null) => T) =>
      attempt(() => update<T>(NOTE + name, (kept) => change(kept ?? null), database), undefined),
    clear: () => attempt(() => clear(database), undefined),
  };
}

/** Frames beyond a gap are not kept: a resume brings them again. */
export function forgetful(conversation: Conversation): Conversation {
  const turns = conversation.turns.map((turn) =>
    turn.answer === null
      ? turn
      : { ...turn, answer: { ...turn.answer, held: [], closing: null, resume: "no" as const } },
  );
  return { ...conversation, turns, phase: "ready" };
}

function recordOf(kept: Conversation | null, added: Conversation, savedAt: number): Record {
  const conversation = forgetful(added);
  const joined = kept === null ? conversation : mergeConversations(kept, conversation);
  return { version: 1, savedAt, conversation: { ...joined, id: added.id } };
}

/** Null for whatever is not a record that this version of the page can read. */
export function parseRecord(value: unknown): Record | null {
  if (!isObject(value) || value.version !== 1 || typeof value.savedAt !== "number") return null;
  return isConversation(value.conversation) ? (value as unknown as Record) : null;
}

function isConversation(value: unknown): value is Conversation {
  return (
    isObject(value) &&
    typeof value.key === "string" &&
    (value.id === null || typeof value.id === "string") &&
    value.chosen instanceof Map &&
    Array.isArray(value.turns) &&
    value.turns.every(isTurn) &&
    Object.keys(emptyConversation).every((name) => name in value)
  );
}

function isTurn(value: unknown): value is Turn {
  return (
    isObject(value) &&
    typeof value.clientMsgId === "string" &&
    (value.parent === null || typeof value.parent === "string") &&
    typeof value.question === "string" &&
    typeof value.askedAt === "number" &&
    typeof value.fresh === "boolean" &&
    typeof value.stopped === "boolean" &&
    typeof value.withdrawn === "boolean" &&
    (value.answer === null || isAnswer(value.answer)) &&
    (value.refusal === null || isObject(value.refusal)) &&
    (value.feedback === null || isObject(value.feedback))
  );
}

function isAnswer(value: unknown): value is Answer {
  if (!isObject(value)) return false;
  const model: { readonly [name: string]: unknown } = { ...newAnswer("") };
  return Object.keys(model).every(
    (key) => key in value && (model[key] === null || typeof model[key] === typeof value[key]),
  );
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null;
}

async function troubleOf(act: () => Promise<unknown>): Promise<StorageTrouble | null> {
  try {
    await act();
    return null;
  } catch (error) {
    return error instanceof DOMException && error.name === "QuotaExceededError"
      ? "full"
      : "forbidden";
  }
}

async function attempt<T>(act: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await act();
  } catch {
    return otherwise;
  }
}
