/**
 * What survives a reload: the conversation, the draft and the page's own id. Storage that is
 * forbidden, full or spoiled costs the reload its memory, never the page.
 */
import { type Answer, newAnswer } from "./answer";
import { type ChatState, emptyChat, type Turn } from "./state";

const CONVERSATION = "energycopilot.conversation.v1";
const DRAFT = "energycopilot.draft.v1";
const CLIENT = "energycopilot.client.v1";

export interface Vault {
  loadChat(): ChatState;
  saveChat(chat: ChatState): void;
  loadDraft(): string;
  saveDraft(draft: string): void;
  /** The id of this browser, made on first use. */
  clientId(): string;
}

/** `storage` throws, or is null, where the browser forbids it. */
export function createVault(storage: Storage | null, createId: () => string): Vault {
  const read = (key: string): string | null => attempt(() => storage?.getItem(key) ?? null, null);
  const write = (key: string, value: string): void =>
    attempt(() => storage?.setItem(key, value), undefined);
  return {
    loadChat: () => parseChat(read(CONVERSATION)),
    saveChat: (chat) => write(CONVERSATION, JSON.stringify(forgetful(chat))),
    loadDraft: () => read(DRAFT) ?? "",
    saveDraft: (draft) => write(DRAFT, draft),
    clientId() {
      const known = read(CLIENT);
      if (known !== null && /^[A-Za-z0-9_-]{1,64}$/.test(known)) return known;
      const made = createId();
      write(CLIENT, made);
      return made;
    },
  };
}

function attempt<T>(act: () => T, otherwise: T): T {
  try {
    return act();
  } catch {
    return otherwise;
  }
}

/** Frames beyond a gap are not kept: a resume brings them again. */
function forgetful(chat: ChatState): Pick<ChatState, "conversationId" | "turns"> {
  const turns = chat.turns.map((turn) =>
    turn.answer === null
      ? turn
      : { ...turn, answer: { ...turn.answer, held: [], closing: null, resume: "no" as const } },
  );
  return { conversationId: chat.conversationId, turns };
}

function parseChat(stored: string | null): ChatState {
  const value: unknown = attempt(() => JSON.parse(stored ?? "null"), null);
  if (!isObject(value) || !Array.isArray(value.turns)) return emptyChat;
  if (!value.turns.every(isTurn)) return emptyChat;
  const conversationId = typeof value.conversationId === "string" ? value.conversationId : null;
  return { ...emptyChat, conversationId, turns: value.turns };
}

function isTurn(value: unknown): value is Turn {
  return (
    isObject(value) &&
    typeof value.clientMsgId === "string" &&
    typeof value.question === "string" &&
    typeof value.askedAt === "number" &&
    typeof value.fresh === "boolean" &&
    typeof value.stopped === "boolean" &&
    (value.answer === null || isAnswer(value.answer)) &&
    (value.refusal === null || isObject(value.refusal))
  );
}

function isAnswer(value: unknown): value is Answer {
  if (!isObject(value)) return false;
  const model: Record<string, unknown> = { ...newAnswer("") };
  return Object.keys(model).every(
    (key) => key in value && (model[key] === null || typeof model[key] === typeof value[key]),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
