/**
 * One answer as a pure function of the frames that arrived for it, in whatever order. It decides
 * what is missing (`resume`) and what may be believed (`closing`); it never sends or hashes.
 */
import type { Delta, End, Snapshot, Source, Sources, Start, Status } from "../protocol/wire";

export type Stage = Status["stage"];
export type CacheDecision = Start["cache"];
export type AnswerState = Snapshot["state"];

/** Every server event that belongs to one answer. */
export type AnswerFrame = Status | Start | Sources | Delta | Snapshot | End;

/** What is known of one answer. */
export interface Answer {
  readonly id: string;
  readonly epoch: number;
  /** Everything up to and including this seq has been applied. */
  readonly seq: number;
  readonly text: string;
  /** Text of an epoch that was replaced: shown until the new one has words of its own. */
  readonly earlier: string;
  /** `marks[seq]` is the length of the text after that seq, where a boundary is known. */
  readonly marks: readonly (number | null)[];
  readonly sources: readonly Source[];
  readonly stage: Stage | null;
  readonly cache: CacheDecision | null;
  readonly state: AnswerState;
  /** Frames of this epoch that came before one that is still missing. */
  readonly held: readonly (Sources | Delta)[];
  /** An `end` that cannot be applied yet, or whose text has not been checked yet. */
  readonly closing: End | null;
  /** `wanted`: send a resume as soon as possible; `asked`: its snapshot is awaited. */
  readonly resume: "no" | "wanted" | "asked";
  /** How often the text did not match the hash in `end`. */
  readonly mismatches: number;
  /** The person pressed stop: this answer is never resumed by itself again. */
  readonly stopped: boolean;
  /** The `end` that closed it. */
  readonly end: End | null;
  /** False where the text could not be confirmed against the server's hash. */
  readonly verified: boolean;
}

/** After this many mismatches the text is shown as it is, marked as unconfirmed. */
const MAX_MISMATCHES = 3;
/** More frames than this beyond a gap are dropped: a snapshot brings them. */
const MAX_HELD = 256;

export function newAnswer(id: string): Answer {
  return {
    id,
    epoch: 0,
    seq: 0,
    text: "",
    earlier: "",
    marks: [0],
    sources: [],
    stage: null,
    cache: null,
    state: "queued",
    held: [],
    closing: null,
    resume: "no",
    mismatches: 0,
    stopped: false,
    end: null,
    verified: false,
  };
}

/** True until an `end` has been applied. */
export function isOpen(answer: Answer): boolean {
  return answer.end === null;
}

/** The text to show: of the current epoch, or of the one before while there is nothing newer. */
export function shownText(answer: Answer): string {
  return answer.text === "" && answer.state !== "done" ? answer.earlier : answer.text;
}

/** True when all text up to the awaited `end` is there, so that its hash can be checked. */
export function awaitsVerification(answer: Answer): boolean {
  return answer.closing !== null && isOpen(answer) && answer.seq >= answer.closing.last_seq;
}

/** Applies one frame. Returns the same object when the frame changes nothing. */
export function applyFrame(answer: Answer, frame: AnswerFrame): Answer {
  if (!isOpen(answer)) return answer;
  if (frame.type === "status") {
    return answer.stage === frame.stage ? answer : { ...answer, stage: frame.stage };
  }
  if (frame.epoch < answer.epoch) return answer;
  const current = frame.epoch > answer.epoch ? raiseEpoch(answer, frame.epoch) : answer;
  switch (frame.type) {
    case "start":
      return { ...current, cache: frame.cache, state: "streaming" };
    case "sources":
    case "delta":
      return noticeGap(drain(hold({ ...current, state: "streaming" }, frame)));
    case "snapshot":
      return noticeGap(drain(applyPage(current, frame)));
    case "end":
      return applyEnd(current, frame);
    default:
      return assertNever(frame);
  }
}

/** The result of comparing the text with `closing.sha256`: closes the answer, or fetches it anew. */
export function applyVerdict(answer: Answer, matches: boolean): Answer {
  const { closing } = answer;
  if (closing === null || !isOpen(answer)) return answer;
  if (matches) return close(answer, closing, true);
  const mismatches = answer.mismatches + 1;
  if (answer.stopped || mismatches >= MAX_MISMATCHES)
    return close({ ...answer, mismatches }, closing, false);
  return {
    ...answer,
    ...blank(answer),
    mismatches,
    closing: null,
    resume: "wanted",
  };
}

/** The person pressed stop. */
export function stopAnswer(answer: Answer): Answer {
  return isOpen(answer) && !answer.stopped ? { ...answer, stopped: true, resume: "no" } : answer;
}

/** Closes an answer without the server's word: it is gone there, or a stop was never confirmed. */
export function closeLocally(
  answer: Answer,
  state: End["state"],
  error: End["error"] = null,
): Answer {
  if (!isOpen(answer)) return answer;
  const end: End = {
    type: "end",
    answer_id: answer.id,
    epoch: answer.epoch,
    last_seq: answer.seq,
    state,
    finish_reason: "client",
    sha256: "",
    citations: [],
    error,
  };
  return close(answer, end, false);
}

/** Asks for what is missing, unless the person stopped this answer or it is complete. */
export function wantResume(answer: Answer): Answer {
  return isOpen(answer) && !answer.stopped && answer.resume !== "wanted"
    ? { ...answer, resume: "wanted" }
    : answer;
}

/** A resume for `(epoch, seq)` has been sent. */
export function resumeAsked(answer: Answer): Answer {
  return answer.resume === "wanted" ? { ...answer, resume: "asked" } : answer;
}

/** Back to seq 0, keeping the words so far as `earlier`. */
function blank(answer: Answer) {
  const earlier = answer.text || answer.earlier;
  return { seq: 0, text: "", earlier, marks: [0], held: [], sources: [] };
}

function raiseEpoch(answer: Answer, epoch: number): Answer {
  return { ...answer, ...blank(answer), epoch, closing: null, mismatches: 0 };
}

function hold(answer: Answer, frame: Sources | Delta): Answer {
  const known = frame.seq <= answer.seq || answer.held.some(({ seq }) => seq === frame.seq);
  if (known || answer.held.length >= MAX_HELD) return answer;
  return { ...answer, held: [...answer.held, frame] };
}

/** Applies held frames for as long as the next one is there. */
function drain(answer: Answer): Answer {
  let { text, seq, marks, sources, held } = answer;
  for (;;) {
    const next = held.find((frame) => frame.seq === seq + 1);
    if (next === undefined) break;
    if (next.type === "delta") text += next.text;
    else sources = next.items;
    seq = next.seq;
    marks = [...marks, text.length];
    held = held.filter((frame) => frame.seq > seq);
  }
  return seq === answer.seq ? answer : { ...answer, text, seq, marks, sources, held };
}

function applyPage(answer: Answer, page: Snapshot): Answer {
  const live = page.state === "queued" || page.state === "streaming";
  const waiting = page.more ? answer.resume : answer.resume === "asked" ? "no" : answer.resume;
  const next: Answer = {
    ...answer,
    resume: waiting,
    state: live ? page.state : answer.state,
    sources: page.sources.length > 0 ? page.sources : answer.sources,
  };
  if (page.to_seq <= answer.seq) return next;
  const base = answer.marks[page.from_seq - 1];
  if (base === undefined || base === null) return wantResume(next);
  const text = answer.text.slice(0, base) + page.text;
  const inside = Array.from({ length: page.to_seq - page.from_seq }, () => null);
  const marks = [...answer.marks.slice(0, page.from_seq), ...inside, text.length];
  const held = answer.held.filter((frame) => frame.seq > page.to_seq);
  return { ...next, text, marks, seq: page.to_seq, held };
}

function applyEnd(answer: Answer, end: End): Answer {
  if (answer.stopped && answer.seq < end.last_seq) return close(answer, end, false);
  return noticeGap({ ...answer, closing: end });
}

/** A frame beyond the next seq, or an `end` beyond the text, means that something was lost. */
function noticeGap(answer: Answer): Answer {
  const lost =
    answer.held.length > 0 || (answer.closing !== null && answer.seq < answer.closing.last_seq);
  return lost && answer.resume === "no" && !answer.stopped
    ? { ...answer, resume: "wanted" }
    : answer;
}

function close(answer: Answer, end: End, verified: boolean): Answer {
  return {
    ...answer,
    end,
    verified,
    state: end.state,
    closing: null,
    held: [],
    marks: [0],
    resume: "no",
    stage: null,
  };
}

export function assertNever(value: never): never {
  throw new TypeError(`Unhandled case: ${JSON.stringify(value)}`);
}
