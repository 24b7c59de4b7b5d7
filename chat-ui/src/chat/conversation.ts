/**
 * One conversation as a tree of turns: an edited or regenerated question is a sibling of the first
 * one. Pure: which turns there are, which branch is shown, what a question follows on the wire.
 */
import { type Answer, isOpen } from "./answer";

/** One question with its answer. `clientMsgId` is its identity, from before the server knows it. */
export interface Turn {
  /** A turn that was read from the server has its answer's id here. */
  readonly clientMsgId: string;
  /** `clientMsgId` of the turn that it follows; `null` for the first one of a branch. */
  readonly parent: string | null;
  readonly question: string;
  readonly fresh: boolean;
  readonly askedAt: number;
  /** `null` until the server has accepted the question. */
  readonly answer: Answer | null;
  readonly refusal: Refusal | null;
  /** Stop was pressed; an answer that is accepted afterwards is stopped at once. */
  readonly stopped: boolean;
  /** Taken back before it had an answer: kept only so that no other copy brings it back. */
  readonly withdrawn: boolean;
  readonly feedback: Feedback | null;
}

/** Why a question was not taken. `retryAt` is a time in ms since 1970, on this page's clock. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly retryAt: number | null;
}

export type FeedbackReason = "wrong" | "incomplete" | "citation" | "outdated" | "unsafe" | "other";

/** A person's judgement of a finished answer. */
export interface Feedback {
  readonly rating: "up" | "down";
  readonly reason?: FeedbackReason;
  readonly comment?: string;
}

/**
 * `loading`: more is being fetched; `missing`: the server has no such conversation;
 * `unreachable`: the server could not be asked. In all three, turns may be there from this browser.
 */
export type Phase = "ready" | "loading" | "missing" | "unreachable";

/** The key of the conversation that nothing was asked in yet. */
export const DRAFT = "";

export interface Conversation {
  /** The server's id; before it is known the first question's `clientMsgId`; `DRAFT` before that. */
  readonly key: string;
  /** The server's id, once a question was accepted. */
  readonly id: string | null;
  /** Of all branches, oldest first. */
  readonly turns: readonly Turn[];
  /** The turn that was chosen to follow a turn, or (under `null`) to begin. */
  readonly chosen: ReadonlyMap<string | null, string>;
  readonly phase: Phase;
}

/** Where a shown turn stands among those that follow the same one. */
export interface Fork {
  /** From 1. */
  readonly position: number;
  readonly count: number;
  /** `clientMsgId` of the neighbours. */
  readonly previous: string | null;
  readonly next: string | null;
}

export interface Arrangement {
  /** The turns of the shown branch, first to last. */
  readonly path: readonly Turn[];
  /** For those shown turns that have siblings, by `clientMsgId`. */
  readonly forks: ReadonlyMap<string, Fork>;
}

export const emptyConversation: Conversation = {
  key: DRAFT,
  id: null,
  turns: [],
  chosen: new Map(),
  phase: "ready",
};

/** True while the question is on its way or its answer is not complete. */
export function isRunning(turn: Turn): boolean {
  return !turn.withdrawn && turn.refusal === null && (turn.answer === null || isOpen(turn.answer));
}

/** The branch to show: at each fork the chosen turn, else the one that leads to the newest turn. */
export function arrange({ turns, chosen }: Conversation): Arrangement {
  const parents = visibleParents(turns);
  const followers = new Map<string | null, Turn[]>();
  for (const turn of turns) {
    const parent = parents.get(turn.clientMsgId);
    if (parent === undefined) continue;
    const siblings = followers.get(parent);
    if (siblings === undefined) followers.set(parent, [turn]);
    else siblings.push(turn);
  }
  const newest = towardsNewest(turns, parents);
  const path: Turn[] = [];
  const forks = new Map<string, Fork>();
  let siblings = followers.get(null);
  let at: string | null = null;
  while (siblings !== undefined) {
    const wanted = siblings.findIndex((turn) => turn.clientMsgId === chosen.get(at));
    const index =
      wanted >= 0 ? wanted : siblings.findIndex((turn) => turn.clientMsgId === newest.get(at));
    const turn = siblings[index];
    if (turn === undefined) break;
    path.push(turn);
    if (siblings.length > 1) forks.set(turn.clientMsgId, forkAt(siblings, index));
    at = turn.clientMsgId;
    siblings = followers.get(at);
  }
  return { path, forks };
}

/**
 * What a turn follows on the wire: the answer id of the nearest turn above that has one, "root" for
 * a new beginning, nothing where the page knows of no other turn (the server's newest then).
 */
export function wireParent(conversation: Conversation, turn: Turn): string | undefined {
  const above = byKey(conversation.turns);
  const seen = new Set<string>();
  for (let key = turn.parent; key !== null && !seen.has(key); ) {
    seen.add(key);
    const parent = above.get(key);
    if (parent === undefined) break;
    if (parent.answer !== null) return parent.answer.id;
    key = parent.parent;
  }
  const others = conversation.turns.some((other) => other.answer !== null && other !== turn);
  return others ? "root" : undefined;
}

/** The conversation with one turn replaced by what `change` makes of it; the same one if nothing. */
export function changeTurn(
  conversation: Conversation,
  clientMsgId: string,
  change: (turn: Turn) => Turn,
): Conversation {
  const before = conversation.turns.find((turn) => turn.clientMsgId === clientMsgId);
  if (before === undefined) return conversation;
  const after = change(before);
  if (after === before) return conversation;
  const turns = conversation.turns.map((turn) => (turn === before ? after : turn));
  return { ...conversation, turns };
}

/** Chooses a turn at its fork. */
export function choose(conversation: Conversation, clientMsgId: string): Conversation {
  const parent = visibleParents(conversation.turns).get(clientMsgId);
  if (parent === undefined || conversation.chosen.get(parent) === clientMsgId) return conversation;
  return { ...conversation, chosen: new Map(conversation.chosen).set(parent, clientMsgId) };
}

/** Chooses, fork by fork, the branch that a turn is in. */
export function reveal(conversation: Conversation, clientMsgId: string): Conversation {
  const parents = visibleParents(conversation.turns);
  const seen = new Set<string>();
  let shown = conversation;
  let key: string | null | undefined = clientMsgId;
  while (typeof key === "string" && !seen.has(key)) {
    seen.add(key);
    shown = choose(shown, key);
    key = parents.get(key);
  }
  return shown;
}

export function byKey(turns: readonly Turn[]): ReadonlyMap<string, Turn> {
  return new Map(turns.map((turn) => [turn.clientMsgId, turn]));
}

/** For every turn that can be shown what it follows, leaving out withdrawn and unknown turns. */
function visibleParents(turns: readonly Turn[]): ReadonlyMap<string, string | null> {
  const known = byKey(turns);
  const parents = new Map<string, string | null>();
  for (const turn of turns) {
    if (turn.withdrawn) continue;
    const seen = new Set<string>();
    let key = turn.parent;
    while (key !== null && !seen.has(key)) {
      const parent = known.get(key);
      if (parent !== undefined && !parent.withdrawn) break;
      seen.add(key);
      key = parent?.parent ?? null;
    }
    parents.set(turn.clientMsgId, key);
  }
  return parents;
}

/** At each fork the turn that leads to the newest one. */
function towardsNewest(
  turns: readonly Turn[],
  parents: ReadonlyMap<string, string | null>,
): ReadonlyMap<string | null, string> {
  const leads = new Map<string | null, string>();
  for (const { clientMsgId } of turns.toReversed()) {
    let key = clientMsgId;
    for (;;) {
      const parent = parents.get(key);
      if (parent === undefined || leads.has(parent)) break;
      leads.set(parent, key);
      if (parent === null) break;
      key = parent;
    }
  }
  return leads;
}

function forkAt(siblings: readonly Turn[], index: number): Fork {
  return {
    position: index + 1,
    count: siblings.length,
    previous: siblings[index - 1]?.clientMsgId ?? null,
    next: siblings[index + 1]?.clientMsgId ?? null,
  };
}
