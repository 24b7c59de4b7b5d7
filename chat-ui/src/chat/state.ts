/** The conversation on the page as a pure function of what the person did and what arrived. */
import type { Limits, Rejected, ServerEvent } from "../protocol/wire";
import {
  type Answer,
  type AnswerFrame,
  applyFrame,
  applyVerdict,
  assertNever,
  closeLocally,
  isOpen,
  newAnswer,
  resumeAsked,
  stopAnswer,
  wantResume,
} from "./answer";

/** One question with its answer. `clientMsgId` is its identity, from before the server knows it. */
export interface Turn {
  readonly clientMsgId: string;
  readonly question: string;
  readonly fresh: boolean;
  readonly askedAt: number;
  /** `null` until the server has accepted the question. */
  readonly answer: Answer | null;
  readonly refusal: Refusal | null;
  /** Stop was pressed; an answer that is accepted afterwards is stopped at once. */
  readonly stopped: boolean;
}

/** Why a question was not taken. `retryAt` is a time in ms since 1970, on this page's clock. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly retryAt: number | null;
}

export interface ChatState {
  readonly conversationId: string | null;
  readonly turns: readonly Turn[];
  /** Answers whose frames arrived before their `accepted`. */
  readonly strays: readonly Answer[];
  readonly limits: Limits | null;
}

/** Everything that can happen. */
export type Input =
  | { readonly kind: "event"; readonly event: ServerEvent; readonly now: number }
  | {
      readonly kind: "asked";
      readonly clientMsgId: string;
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
  | { readonly kind: "detached" }
  | { readonly kind: "cleared" };

/** Frames of at most this many answers are kept while their `accepted` is awaited. */
const MAX_STRAYS = 8;

const UNANSWERED: Refusal = {
  code: "unanswered",
  message: "The server did not take the question. Try again in a moment.",
  retryAt: null,
};

export const emptyChat: ChatState = {
  conversationId: null,
  turns: [],
  strays: [],
  limits: null,
};

/** The next state; the same object where nothing changes. */
export function reduce(state: ChatState, input: Input): ChatState {
  switch (input.kind) {
    case "event":
      return applyEvent(state, input.event, input.now);
    case "asked":
      return addTurn(state, input);
    case "stopped":
      return stopTurn(state, input.clientMsgId);
    case "unconfirmed_stop":
      return onAnswer(state, input.answerId, (answer) => closeLocally(answer, "cancelled"));
    case "resume_wanted":
      return onAnswer(state, input.answerId, wantResume);
    case "resume_sent":
      return onAnswer(state, input.answerId, resumeAsked);
    case "verified":
      return onAnswer(state, input.answerId, (answer) => applyVerdict(answer, input.matches));
    case "withdrawn":
      return { ...state, turns: state.turns.filter((t) => t.clientMsgId !== input.clientMsgId) };
    case "unanswered":
      return refuse(state, input.clientMsgId, UNANSWERED);
    case "detached":
      return { ...state, conversationId: null };
    case "cleared":
      return { ...emptyChat, limits: state.limits };
    default:
      return assertNever(input);
  }
}

/** True while the question is on its way or its answer is not complete. */
export function isRunning(turn: Turn): boolean {
  return turn.refusal === null && (turn.answer === null || isOpen(turn.answer));
}

/** The turn that is being answered now, if any. */
export function runningTurn(state: ChatState): Turn | null {
  return state.turns.findLast(isRunning) ?? null;
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

function addTurn(state: ChatState, input: Extract<Input, { kind: "asked" }>): ChatState {
  const turn: Turn = {
    clientMsgId: input.clientMsgId,
    question: input.question,
    fresh: input.fresh,
    askedAt: input.now,
    answer: null,
    refusal: null,
    stopped: false,
  };
  return { ...state, turns: [...state.turns, turn] };
}

function accept(state: ChatState, clientMsgId: string, answerId: string, conversationId: string) {
  const turn = state.turns.find((t) => t.clientMsgId === clientMsgId);
  if (turn === undefined || turn.answer !== null) return state;
  const stray = state.strays.find((answer) => answer.id === answerId);
  const answer = turn.stopped
    ? stopAnswer(stray ?? newAnswer(answerId))
    : (stray ?? newAnswer(answerId));
  const turns = replaceTurn(state.turns, { ...turn, answer, refusal: null });
  const strays = state.strays.filter((other) => other.id !== answerId);
  return { ...state, turns, strays, conversationId };
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
  const turn = state.turns.find((t) => t.clientMsgId === clientMsgId);
  if (turn === undefined || turn.answer !== null) return state;
  return { ...state, turns: replaceTurn(state.turns, { ...turn, refusal }) };
}

function stopTurn(state: ChatState, clientMsgId: string): ChatState {
  const turn = state.turns.find((t) => t.clientMsgId === clientMsgId);
  if (turn === undefined || turn.stopped || !isRunning(turn)) return state;
  const answer = turn.answer && stopAnswer(turn.answer);
  return { ...state, turns: replaceTurn(state.turns, { ...turn, answer, stopped: true }) };
}

function applyToAnswer(state: ChatState, frame: AnswerFrame): ChatState {
  const known = state.turns.some((turn) => turn.answer?.id === frame.answer_id);
  if (known) return onAnswer(state, frame.answer_id, (answer) => applyFrame(answer, frame));
  const awaited = state.turns.some((turn) => turn.answer === null && turn.refusal === null);
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

function onAnswer(state: ChatState, answerId: string, change: (answer: Answer) => Answer) {
  const turn = state.turns.find((t) => t.answer?.id === answerId);
  if (turn?.answer == null) return state;
  const answer = change(turn.answer);
  return answer === turn.answer
    ? state
    : { ...state, turns: replaceTurn(state.turns, { ...turn, answer }) };
}

function replaceTurn(turns: readonly Turn[], turn: Turn): readonly Turn[] {
  return turns.map((other) => (other.clientMsgId === turn.clientMsgId ? turn : other));
}
