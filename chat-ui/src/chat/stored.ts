/** A conversation as the server keeps it, made into one as the page knows it. Pure. */
import type { End, Source } from "../protocol/wire";
import { type Answer, type AnswerState, closeLocally, newAnswer } from "./answer";
import { type Conversation, emptyConversation, type Feedback, type Turn } from "./conversation";

/** One turn of the server's copy. */
export interface StoredTurn {
  readonly answerId: string;
  /** The answer that it follows; `null` for the first one of a branch. */
  readonly parent: string | null;
  readonly question: string;
  /** Milliseconds since 1970. */
  readonly askedAt: number;
  readonly state: AnswerState;
  readonly text: string;
  readonly sources: readonly Source[];
  readonly end: End | null;
  readonly feedback: Feedback | null;
}

/** `digest` gives the hex SHA-256 of a text's UTF-8 bytes. */
export function fromStored(
  id: string,
  stored: readonly StoredTurn[],
  digest: (text: string) => string,
): Conversation {
  const turns = stored.map(
    (turn): Turn => ({
      clientMsgId: turn.answerId,
      parent: turn.parent,
      question: turn.question,
      fresh: false,
      askedAt: turn.askedAt,
      answer: answerOf(turn, digest),
      refusal: null,
      stopped: false,
      withdrawn: false,
      feedback: turn.feedback,
    }),
  );
  return { ...emptyConversation, key: id, id, turns };
}

/** A running answer shows what is stored until a resume has brought it frame by frame. */
function answerOf(turn: StoredTurn, digest: (text: string) => string): Answer {
  const { answerId, state, text, sources, end } = turn;
  const begun = { ...newAnswer(answerId), sources };
  if (state === "queued" || state === "streaming") return { ...begun, state, earlier: text };
  if (end === null) return closeLocally({ ...begun, text }, state);
  return {
    ...begun,
    epoch: end.epoch,
    seq: end.last_seq,
    text,
    state,
    cache: end.receipt?.cache.decision ?? null,
    end,
    verified: digest(text) === end.sha256.toLowerCase(),
  };
}
