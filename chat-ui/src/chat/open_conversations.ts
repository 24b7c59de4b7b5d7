/** The conversations that are in memory, one of them shown: finding, changing, opening, closing. */
import type { Answer } from "./answer";
import {
  type Conversation,
  changeTurn,
  DRAFT,
  emptyConversation,
  isRunning,
  type Turn,
} from "./conversation";
import { mergeConversations } from "./merge";

export interface OpenConversations {
  /** The one shown last first. */
  readonly conversations: readonly Conversation[];
  /** Key of the conversation that is shown; it is always among them. */
  readonly shown: string;
}

/** Conversations beyond these leave memory, unless they are being answered; the archive has them. */
const MAX_IN_MEMORY = 12;

/** The conversation that a turn belongs to. */
export function conversationOf(
  state: OpenConversations,
  clientMsgId: string,
): Conversation | undefined {
  return state.conversations.find(({ turns }) =>
    turns.some((turn) => turn.clientMsgId === clientMsgId),
  );
}

export function shownConversation(state: OpenConversations): Conversation {
  return state.conversations.find(({ key }) => key === state.shown) ?? emptyConversation;
}

/** Everything that is on its way or being answered, in whichever conversation. */
export function runningTurns(state: OpenConversations): readonly Turn[] {
  return state.conversations.flatMap(({ turns }) => turns.filter(isRunning));
}

/** Shows a conversation; one that is not in memory is to be loaded. */
export function show<S extends OpenConversations>(state: S, key: string): S {
  if (state.shown === key) return state;
  const present = state.conversations.find((conversation) => conversation.key === key);
  const shown =
    present ??
    (key === DRAFT ? emptyConversation : { ...emptyConversation, key, id: key, phase: "loading" });
  const others = state.conversations.filter(
    (conversation) => conversation !== present && conversation.key !== DRAFT,
  );
  const kept = others.filter(
    ({ id, turns }, index) =>
      index < MAX_IN_MEMORY - 1 || id === null || turns.some((turn) => isRunning(turn)),
  );
  return { ...state, conversations: [shown, ...kept], shown: key };
}

/** Puts a conversation into memory, without showing it, unless it is there. */
export function add<S extends OpenConversations>(state: S, conversation: Conversation): S {
  const isThere = state.conversations.some(({ key }) => key === conversation.key);
  return isThere ? state : { ...state, conversations: [...state.conversations, conversation] };
}

/** Takes a conversation out of memory; in place of the one that is shown comes an empty one. */
export function close<S extends OpenConversations>(state: S, key: string): S {
  const conversations = state.conversations.filter((conversation) => conversation.key !== key);
  if (conversations.length === state.conversations.length) return state;
  const closed = { ...state, conversations };
  return state.shown === key ? show(closed, DRAFT) : closed;
}

/** Gives a conversation another key; one that had it already becomes part of it. */
export function rekey<S extends OpenConversations>(state: S, from: string, to: string): S {
  if (from === to) return state;
  const namesake = state.conversations.find(({ key }) => key === to);
  const conversations = state.conversations
    .filter((conversation) => conversation !== namesake)
    .map((conversation) => {
      if (conversation.key !== from) return conversation;
      const renamed = { ...conversation, key: to };
      return namesake === undefined ? renamed : mergeConversations(renamed, namesake);
    });
  return { ...state, conversations, shown: state.shown === from ? to : state.shown };
}

export function onConversation<S extends OpenConversations>(
  state: S,
  key: string,
  change: (conversation: Conversation) => Conversation,
): S {
  const before = state.conversations.find((conversation) => conversation.key === key);
  if (before === undefined) return state;
  const after = change(before);
  if (after === before) return state;
  const conversations = state.conversations.map((other) => (other === before ? after : other));
  return { ...state, conversations };
}

export function inConversationOf<S extends OpenConversations>(
  state: S,
  clientMsgId: string,
  change: (conversation: Conversation) => Conversation,
): S {
  const conversation = conversationOf(state, clientMsgId);
  return conversation === undefined ? state : onConversation(state, conversation.key, change);
}

export function onTurn<S extends OpenConversations>(
  state: S,
  clientMsgId: string,
  change: (turn: Turn) => Turn,
): S {
  return inConversationOf(state, clientMsgId, (conversation) =>
    changeTurn(conversation, clientMsgId, change),
  );
}

export function onAnsweredTurn<S extends OpenConversations>(
  state: S,
  answerId: string,
  change: (turn: Turn) => Turn,
): S {
  for (const { turns } of state.conversations) {
    const turn = turns.find(({ answer }) => answer?.id === answerId);
    if (turn !== undefined) return onTurn(state, turn.clientMsgId, change);
  }
  return state;
}

export function onAnswer<S extends OpenConversations>(
  state: S,
  answerId: string,
  change: (answer: Answer) => Answer,
): S {
  return onAnsweredTurn(state, answerId, (turn) => {
    if (turn.answer === null) return turn;
    const answer = change(turn.answer);
    return answer === turn.answer ? turn : { ...turn, answer };
  });
}
