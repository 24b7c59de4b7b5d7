/** What components see of the session: the shown conversation, and what goes on beside it. Pure. */
import type { Limits } from "../protocol/wire";
import type { StorageTrouble } from "./archive";
import type { ConnectionStatus } from "./connection";
import { arrange, type Fork, isRunning, type Phase, type Turn } from "./conversation";
import { shownConversation } from "./open_conversations";
import type { ChatState, Revealed } from "./state";

/** The conversation that is shown. The same object for as long as nothing about it changes. */
export interface Chat {
  /** Stands for it in an address; "" while nothing was asked. Changes once the server has named it. */
  readonly key: string;
  /** The server's id, once a question was accepted. */
  readonly conversationId: string | null;
  readonly phase: Phase;
  /** Of the shown branch, oldest first. */
  readonly turns: readonly Turn[];
  /** For those of `turns` that have siblings, by `clientMsgId`. */
  readonly forks: ReadonlyMap<string, Fork>;
  /** What is being answered in this conversation, in whichever branch. */
  readonly running: Turn | null;
  readonly limits: Limits | null;
  /** Of `turns`, the one that somebody went to, as from a search. */
  readonly revealed: Revealed | null;
}

export interface OpenConversation {
  readonly key: string;
  /** The server's, once it has accepted a question. */
  readonly id: string | null;
  /** Its first question. */
  readonly question: string;
  /** Milliseconds since 1970. */
  readonly askedAt: number;
}

export interface View {
  readonly chat: Chat;
  readonly connection: ConnectionStatus;
  /** Keys of all conversations that are being answered. */
  readonly answering: readonly string[];
  /** Conversations in memory: a list from the server may not have the newest of them yet. */
  readonly open: readonly OpenConversation[];
  readonly storage: StorageTrouble | null;
}

/** `before` is the last result: what has not changed keeps its identity. */
export function viewChat(state: ChatState, seen?: { state: ChatState; chat: Chat }): Chat {
  const conversation = shownConversation(state);
  if (
    seen !== undefined &&
    shownConversation(seen.state) === conversation &&
    seen.state.limits === state.limits &&
    seen.state.revealed === state.revealed
  ) {
    return seen.chat;
  }
  const { path, forks } = arrange(conversation);
  return {
    key: conversation.key,
    conversationId: conversation.id,
    phase: conversation.phase,
    turns: path,
    forks,
    running: conversation.turns.findLast(isRunning) ?? null,
    limits: state.limits,
    revealed: state.revealed,
  };
}

/** Keys of the conversations that are being answered; `before` itself if it is still right. */
export function viewAnswering(state: ChatState, before: readonly string[]): readonly string[] {
  const keys = answeringKeys(state);
  const same = keys.length === before.length && keys.every((key, index) => key === before[index]);
  return same ? before : keys;
}

/** `before` itself if it is still right. */
export function viewOpen(
  { conversations }: ChatState,
  before: readonly OpenConversation[],
): readonly OpenConversation[] {
  const open = conversations.flatMap(({ key, id, phase, turns }) => {
    const first = turns.find(({ withdrawn }) => !withdrawn);
    const latest = turns.at(-1);
    if (first === undefined || latest === undefined || phase === "missing") return [];
    return [{ key, id, question: first.question, askedAt: latest.askedAt }];
  });
  const same =
    open.length === before.length &&
    open.every(({ key, askedAt }, index) => {
      const other = before[index];
      return other?.key === key && other.askedAt === askedAt;
    });
  return same ? before : open;
}

export function answeringKeys({ conversations }: ChatState): readonly string[] {
  return conversations
    .filter(({ turns }) => turns.some(isRunning))
    .map(({ key }) => key)
    .sort();
}
