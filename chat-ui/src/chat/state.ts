/**
 * The conversations on the page as a pure function of what the person did and what arrived. Several
 * can be open, and answered, at once; one is shown.
 */
import type { Limits, Rejected, ServerEvent } from "../protocol/wire";
import {
  type Answer,
  type AnswerFrame,
  applyFrame,
  applyVerdict,
  assertNever,
  closeLocally,
  newAnswer,
  resumeAsked,
  stopAnswer,
  wantResume,
} from "./answer";
import {
  type Conversation,
  changeTurn,
  choose,
  DRAFT,
  emptyConversation,
  type Feedback,
  isRunning,
  type Phase,
  type Refusal,
  reveal,
  type Turn,
} from "./conversation";
import { mergeConversations, withoutTwins } from "./merge";
import {
  add,
  close,
  conversationOf,
  inConversationOf,
  type OpenConversations,
  onAnswer,
  onAnsweredTurn,
  onConversation,
  onTurn,
  rekey,
  runningTurns,
  show,
} from "./open_conversations";

export { isRunning, type Refusal, type Turn };

export interface ChatState extends OpenConversations {
  /** Answers whose frames arrived before their `accepted`. */
  readonly strays: readonly Answer[];
  readonly limits: Limits | null;
  readonly revealed: Revealed | null;
}

/** The turn that somebody went to, in the conversation that is shown; a new object each time. */
export interface Revealed {
  readonly clientMsgId: string;
}

/** Everything that can happen. `key` is a conversation's. */
export type Input =
  | { readonly kind: "event"; readonly event: ServerEvent; readonly now: number }
  | {
      readonly kind: "asked";
      readonly key: string;
      readonly clientMsgId: string;
      readonly parent: string | null;
      readonly question: string;
      readonly fresh: boolean;
      readonly now: number;
    }
  | { readonly kind: "stopped"; readonly clientMsgId: string }
  | { readonly kind: "unconfirmed_stop"; readonly answerId: string }
  | { readonly kind: "resume_wanted"; readonly answerId: string }
  | { readonly kind: "resume_sent"; readonly answerId: string }
  | { readonly kind: "verified"; readonly answerId: string; readonly matches: boolean }
  | { readonly kind: "withdrawn"; readonly clientMsgId: string }
  | { readonly kind: "unanswered"; readonly clientMsgId: string }
  | { readonly kind: "chosen"; readonly clientMsgId: string }
  | { readonly kind: "revealed"; readonly key: string; readonly answerId: string }
  | { readonly kind: "rated"; readonly answerId: string; readonly feedback: Feedback | null }
  | { readonly kind: "opened"; readonly key: string }
  | { readonly kind: "restored"; readonly copy: Conversation }
  | { readonly kind: "found"; readonly key: string; readonly copy: Conversation }
  | { readonly kind: "phase"; readonly key: string; readonly phase: Phase }
  | { readonly kind: "closed"; readonly key: string }
  | { readonly kind: "emptied" };

/** Frames of at most this many answers are kept while their `accepted` is awaited. */
const MAX_STRAYS = 8;

const UNANSWERED: Refusal = {
  code: "unanswered",
  message: "The server did not take the question. Try again in a moment.",
  retryAt: null,
};

export const emptyChat: ChatState = {
  conversations: [emptyConversation],
  shown: DRAFT,
  strays: [],
  limits: null,
  revealed: null,
};

/** The next state; the same object where nothing changes. */
export function reduce(state: ChatState, input: Input): ChatState {
  switch (input.kind) {
    case "event":
      return applyEvent(state, input.event, input.now);
    case "asked":
      return addTurn(state, input);
    case "stopped":
      return onTurn(state, input.clientMsgId, stopTurn);
    case "unconfirmed_stop":
      return onAnswer(state, input.answerId, (answer) => closeLocally(answer, "cancelled"));
    case "resume_wanted":
      return onAnswer(state, input.answerId, wantResume);
    case "resume_sent":
      return onAnswer(state, input.answerId, resumeAsked);
    case "verified":
      return onAnswer(state, input.answerId, (answer) => applyVerdict(answer, input.matches));
    case "withdrawn":
      return withdraw(state, input.clientMsgId);
    case "unanswered":
      return refuse(state, input.clientMsgId, UNANSWERED);
    case "chosen":
      return inConversationOf(state, input.clientMsgId, (conversation) =>
        choose(conversation, input.clientMsgId),
      );
    case "revealed":
      return revealAnswer(state, input.key, input.answerId);
    case "rated":
      return onAnsweredTurn(state, input.answerId, (turn) => ({
        ...turn,
        feedback: input.feedback,
      }));
    case "opened":
      return state.shown === input.key ? state : { ...show(state, input.key), revealed: null };
    case "restored":
      return add(state, input.copy);
    case "found":
      return onConversation(state, input.key, (conversation) => adopt(conversation, input.copy));
    case "phase":
      return onConversation(state, input.key, (conversation) =>
        conversation.phase === input.phase ? conversation : { ...conversation, phase: input.phase },
      );
    case "closed":
      return close(state, input.key);
    case "emptied":
      return { ...emptyChat, limits: state.limits };
    default:
      return assertNever(input);
  }
}

function applyEvent(state: ChatState, event: ServerEvent, now: number): ChatState {
  switch (event.type) {
    case "welcome":
      return { ...state, limits: event.limits };
    case "accepted":
      return accept(state, event.client_msg_id, event.answer_id, event.conversation_id);
    case "rejected":
      return refuse(state, event.client_msg_id, refusalOf(event, now));
    case "status":
    case "start":
    case "sources":
    case "delta":
    case "snapshot":
    case "end":
      return applyToAnswer(state, event);
    case "error":
      return event.ref ? applyError(state, event.ref, event.code, event.message) : state;
    case "pong":
    case "noted":
      return state;
    default:
      return assertNever(event);
  }
}

/** The first question gives the draft its identity. */
function addTurn(state: ChatState, input: Extract<Input, { kind: "asked" }>): ChatState {
  const turn: Turn = {
    clientMsgId: input.clientMsgId,
    parent: input.parent,
    question: input.question,
    fresh: input.fresh,
    askedAt: input.now,
    answer: null,
    refusal: null,
    stopped: false,
    withdrawn: false,
    feedback: null,
  };
  const asked = onConversation(state, input.key, (conversation) =>
    choose({ ...conversation, turns: [...conversation.turns, turn] }, turn.clientMsgId),
  );
  const named = input.key === DRAFT ? rekey(asked, DRAFT, input.clientMsgId) : asked;
  return named.revealed === null ? named : { ...named, revealed: null };
}

/** Shows the branch that an answer is in, and says where it is. */
function revealAnswer(state: ChatState, key: string, answerId: string): ChatState {
  const conversation = state.conversations.find((other) => other.key === key);
  const turn = conversation?.turns.find(({ answer }) => answer?.id === answerId);
  if (turn === undefined) return state;
  const { clientMsgId } = turn;
  const shown = onConversation(state, key, (found) => reveal(found, clientMsgId));
  return state.shown === key ? { ...shown, revealed: { clientMsgId } } : shown;
}

function accept(state: ChatState, clientMsgId: string, answerId: string, conversationId: string) {
  const conversation = conversationOf(state, clientMsgId);
  const turn = conversation?.turns.find((t) => t.clientMsgId === clientMsgId);
  if (conversation === undefined || turn === undefined || turn.answer !== null) return state;
  const stray = state.strays.find(({ id }) => id === answerId) ?? newAnswer(answerId);
  const answer = turn.stopped ? stopAnswer(stray) : stray;
  const changed = changeTurn(conversation, clientMsgId, (t) => ({ ...t, answer, refusal: null }));
  const id = conversation.id ?? conversationId;
  const accepted = onConversation(state, conversation.key, () =>
    withoutTwins({ ...changed, id, phase: conversation.id === null ? "ready" : changed.phase }),
  );
  const strays = state.strays.filter((other) => other.id !== answerId);
  return rekey({ ...accepted, strays }, conversation.key, id);
}

function refusalOf(event: Rejected, now: number): Refusal {
  const wait = event.retry_after_ms ?? null;
  return {
    code: event.code,
    message: event.message,
    retryAt: wait === null ? null : now + wait,
  };
}

function refuse(state: ChatState, clientMsgId: string, refusal: Refusal): ChatState {
  return onTurn(state, clientMsgId, (turn) =>
    turn.answer === null && !turn.withdrawn ? { ...turn, refusal } : turn,
  );
}

function stopTurn(turn: Turn): Turn {
  if (turn.stopped || !isRunning(turn)) return turn;
  return { ...turn, answer: turn.answer && stopAnswer(turn.answer), stopped: true };
}

/** A conversation whose only question was taken back is the draft again. */
function withdraw(state: ChatState, clientMsgId: string): ChatState {
  const next = onTurn(state, clientMsgId, (turn) =>
    turn.answer === null ? { ...turn, withdrawn: true } : turn,
  );
  const conversation = conversationOf(next, clientMsgId);
  const isEmpty = conversation?.id === null && conversation.turns.every((turn) => turn.withdrawn);
  return isEmpty ? close(next, conversation.key) : next;
}

function applyToAnswer(state: ChatState, frame: AnswerFrame): ChatState {
  const known = state.conversations.some((conversation) =>
    conversation.turns.some((turn) => turn.answer?.id === frame.answer_id),
  );
  if (known) return onAnswer(state, frame.answer_id, (answer) => applyFrame(answer, frame));
  const awaited = runningTurns(state).some((turn) => turn.answer === null);
  if (!awaited) return state;
  const before = state.strays.find((answer) => answer.id === frame.answer_id);
  const after = applyFrame(before ?? newAnswer(frame.answer_id), frame);
  const others = state.strays.filter((answer) => answer.id !== frame.answer_id);
  return { ...state, strays: [...others, after].slice(-MAX_STRAYS) };
}

/** An `error` about an open answer or an awaited question ends it; about anything else it is moot. */
function applyError(state: ChatState, ref: string, code: string, message: string): ChatState {
  const refused = refuse(state, ref, { code, message, retryAt: null });
  if (refused !== state) return refused;
  return onAnswer(state, ref, (answer) =>
    answer.stopped
      ? closeLocally(answer, "cancelled")
      : closeLocally(answer, "error", { code, message, retryable: true }),
  );
}

/** The branches that this page shows stay chosen, whatever another copy chose. */
function adopt(conversation: Conversation, copy: Conversation): Conversation {
  const merged = mergeConversations(conversation, copy);
  const id = conversation.turns.length === 0 ? copy.id : conversation.id;
  if (merged === conversation && id === conversation.id) return conversation;
  const chosen = new Map([...merged.chosen, ...conversation.chosen]);
  return { ...merged, id, chosen };
}
