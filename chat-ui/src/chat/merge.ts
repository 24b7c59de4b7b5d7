/**
 * Joins what two copies know of a conversation: this page, this browser's archive, another tab, the
 * server. Pure; joining the same copy again changes nothing, and no words are ever lost by it.
 */
import { type Answer, closeLocally, isOpen } from "./answer";
import type { Conversation, Turn } from "./conversation";

/**
 * `base` with everything that `other` adds. Turns are the same if their `clientMsgId` or their
 * answer's id is; they keep the identity that `base` gave them. `other` is taken to be the newer one
 * where a person may have changed their mind (feedback, chosen branches). The same object comes back
 * where nothing is added.
 */
export function mergeConversations(base: Conversation, other: Conversation): Conversation {
  const names = sameTurns(base.turns, other.turns);
  const named = (key: string) => names.get(key) ?? key;
  const theirs = new Map(other.turns.map((turn) => [named(turn.clientMsgId), rename(turn, named)]));
  const known = base.turns.map((turn) => {
    const match = theirs.get(turn.clientMsgId);
    theirs.delete(turn.clientMsgId);
    return match === undefined ? turn : mergeTurns(turn, match);
  });
  const added = [...theirs.values()];
  const chosen = new Map(base.chosen);
  for (const [parent, turn] of other.chosen) {
    chosen.set(parent === null ? null : named(parent), named(turn));
  }
  const sameTurnsStill =
    added.length === 0 && known.every((turn, index) => turn === base.turns[index]);
  const sameChoice = sameEntries(chosen, base.chosen);
  if (sameTurnsStill && sameChoice) return base;
  const turns = sameTurnsStill
    ? base.turns
    : [...known, ...added].sort((one, two) => one.askedAt - two.askedAt);
  return withoutTwins({ ...base, turns, chosen });
}

/**
 * Makes one turn of two that have the same answer: a question that was read from the server before
 * this page's own copy of it was accepted. The page's own copy keeps its identity.
 */
export function withoutTwins(conversation: Conversation): Conversation {
  const holders = new Map<string, Turn>();
  const renamed = new Map<string, string>();
  for (const turn of conversation.turns) {
    if (turn.answer === null) continue;
    const first = holders.get(turn.answer.id);
    if (first === undefined) {
      holders.set(turn.answer.id, turn);
      continue;
    }
    const ownIsFirst = first.clientMsgId !== turn.answer.id;
    const [kept, dropped] = ownIsFirst ? [first, turn] : [turn, first];
    holders.set(turn.answer.id, mergeTurns(kept, dropped));
    renamed.set(dropped.clientMsgId, kept.clientMsgId);
  }
  if (renamed.size === 0) return conversation;
  const name = (key: string | null) => (key === null ? null : (renamed.get(key) ?? key));
  const turns = conversation.turns
    .filter((turn) => !renamed.has(turn.clientMsgId))
    .map((turn) => (turn.answer === null ? turn : (holders.get(turn.answer.id) ?? turn)))
    .map((turn) => ({ ...turn, parent: name(turn.parent) }));
  const chosen = new Map(
    [...conversation.chosen].map(([parent, key]) => [name(parent), renamed.get(key) ?? key]),
  );
  return { ...conversation, turns, chosen };
}

/**
 * The copy of an answer that knows more; the first one where they know the same. An answer that one
 * page has given up keeps the words that another one had.
 */
export function furthest(one: Answer, two: Answer): Answer {
  const difference = standing(two) - standing(one);
  const ahead = difference > 0 || (difference === 0 && isAhead(two, one));
  const winner = ahead ? two : one;
  const other = ahead ? one : two;
  if (isOpen(winner)) {
    const stopped = one.stopped || two.stopped;
    return winner.stopped === stopped ? winner : { ...winner, stopped };
  }
  const isShort = standing(winner) === GIVEN_UP && isAhead(other, winner);
  return isShort && winner.end !== null
    ? closeLocally(other, winner.end.state, winner.end.error)
    : winner;
}

const GIVEN_UP = 1;

/** Open, closed by this page alone, closed by the server, and confirmed by its hash. */
function standing({ end, verified }: Answer): number {
  if (end === null) return 0;
  if (verified) return 3;
  return end.finish_reason === "client" ? GIVEN_UP : 2;
}

function isAhead(one: Answer, two: Answer): boolean {
  return one.epoch === two.epoch ? one.seq > two.seq : one.epoch > two.epoch;
}

function rename(turn: Turn, named: (key: string) => string): Turn {
  const parent = turn.parent === null ? null : named(turn.parent);
  return { ...turn, clientMsgId: named(turn.clientMsgId), parent };
}

/** A question that was asked before this page knew what it follows learns it from the other copy. */
function mergeTurns(base: Turn, other: Turn): Turn {
  const parent = base.parent ?? (other.parent === base.clientMsgId ? null : other.parent);
  const answer =
    base.answer === null || other.answer === null
      ? (base.answer ?? other.answer)
      : furthest(base.answer, other.answer);
  const refusal = answer === null ? (base.refusal ?? other.refusal) : null;
  const stopped = base.stopped || other.stopped;
  const withdrawn = (base.withdrawn || other.withdrawn) && answer === null;
  const feedback = sameFeedback(base, other) ? base.feedback : other.feedback;
  const same =
    parent === base.parent &&
    answer === base.answer &&
    refusal === base.refusal &&
    stopped === base.stopped &&
    withdrawn === base.withdrawn &&
    feedback === base.feedback;
  return same ? base : { ...base, parent, answer, refusal, stopped, withdrawn, feedback };
}

function sameFeedback({ feedback: one }: Turn, { feedback: two }: Turn): boolean {
  return (
    one?.rating === two?.rating && one?.reason === two?.reason && one?.comment === two?.comment
  );
}

/** From the keys of `theirs` to those of the same turns in `ours`, where they differ. */
function sameTurns(ours: readonly Turn[], theirs: readonly Turn[]): ReadonlyMap<string, string> {
  const keys = new Set(ours.map(({ clientMsgId }) => clientMsgId));
  const byAnswer = new Map<string, string>();
  for (const { answer, clientMsgId } of ours) {
    if (answer !== null) byAnswer.set(answer.id, clientMsgId);
  }
  const names = new Map<string, string>();
  for (const { answer, clientMsgId } of theirs) {
    if (answer === null || keys.has(clientMsgId)) continue;
    const known = byAnswer.get(answer.id);
    if (known !== undefined) names.set(clientMsgId, known);
  }
  return names;
}

function sameEntries<K, V>(one: ReadonlyMap<K, V>, two: ReadonlyMap<K, V>): boolean {
  return one.size === two.size && [...one].every(([key, value]) => two.get(key) === value);
}
