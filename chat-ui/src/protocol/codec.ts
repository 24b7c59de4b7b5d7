/**
 * Frames to events and messages to frames. It tolerates what it does not know (a newer server) and
 * what is malformed (a broken one): such frames are dropped, and said once per kind.
 */
import type { ClientMessage, ServerEvent } from "./wire";

type Check = (value: unknown) => boolean;
type Shape = Readonly<Record<string, Check>>;

const text: Check = (value) => typeof value === "string";
const number: Check = (value) => typeof value === "number" && Number.isFinite(value);
const count: Check = (value) => Number.isInteger(value) && (value as number) >= 0;
const truth: Check = (value) => typeof value === "boolean";
const oneOf =
  (...allowed: readonly string[]): Check =>
  (value) =>
    typeof value === "string" && allowed.includes(value);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || value === null || check(value);
const record =
  (shape: Shape): Check =>
  (value) =>
    isRecord(value) && Object.entries(shape).every(([name, check]) => check(value[name]));
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

const source = record({
  id: text,
  title: text,
  snippet: text,
  score: number,
  document: text,
  chunk_id: text,
  url: optional(text),
  page: optional(count),
  section: optional(text),
});
const cacheDecision = oneOf("hit", "miss", "bypass");
const receipt = record({
  model: text,
  corpus_version: text,
  cache: record({ decision: cacheDecision, reason: optional(text), score: optional(number) }),
  stages: list(record({ name: text, ms: number })),
  tokens: record({ prompt: optional(count), completion: optional(count) }),
  first_token_ms: optional(number),
  total_ms: optional(number),
  cost_usd: optional(number),
});
const finalStates = ["done", "cancelled", "truncated", "error"] as const;

/** The fields that the page relies on, per event type; every type of the protocol is listed. */
const SHAPES: Readonly<Record<ServerEvent["type"], Shape>> = {
  welcome: {
    limits: record({ questions_per_minute: count, question_chars: optional(count) }),
    server_time: number,
    heartbeat_s: number,
    user: text,
  },
  accepted: { client_msg_id: text, answer_id: text, conversation_id: text },
  rejected: { client_msg_id: text, code: text, message: text, retry_after_ms: optional(count) },
  status: { answer_id: text, stage: oneOf("queued", "waking", "retrieving", "thinking") },
  start: { answer_id: text, epoch: count, cache: cacheDecision },
  sources: { answer_id: text, epoch: count, seq: count, items: list(source) },
  delta: { answer_id: text, epoch: count, seq: count, text },
  snapshot: {
    answer_id: text,
    epoch: count,
    from_seq: count,
    to_seq: count,
    text,
    sources: list(source),
    state: oneOf("queued", "streaming", ...finalStates),
    more: truth,
  },
  end: {
    answer_id: text,
    epoch: count,
    last_seq: count,
    state: oneOf(...finalStates),
    finish_reason: text,
    sha256: text,
    citations: list(
      record({
        source_id: text,
        document: text,
        chunk_id: text,
        at: count,
        quote: text,
        start: count,
        end: count,
      }),
    ),
    receipt: optional(receipt),
    error: optional(record({ code: text, message: text, retryable: truth })),
    flags: optional(
      list(record({ kind: oneOf("unsupported", "figure"), start: count, end: count, text })),
    ),
  },
  pong: { t: number },
  noted: { answer_id: text },
  error: { code: text, message: text, ref: optional(text) },
};

/** Told once per kind of frame that was dropped, with a word on why. */
export type Complaint = (problem: string) => void;

/** Decodes server frames; one decoder per connection or page, since it remembers its complaints. */
export function createDecoder(
  complain: Complaint = (problem) => console.warn(problem),
): (frame: string) => ServerEvent | null {
  const said = new Set<string>();
  const drop = (problem: string): null => {
    if (!said.has(problem)) {
      said.add(problem);
      complain(problem);
    }
    return null;
  };
  return (frame) => {
    const value = parse(frame);
    if (!isRecord(value) || typeof value.type !== "string") {
      return drop("Ignored a frame that is not a server event.");
    }
    if (!isKnown(value.type)) {
      return drop(`Ignored an event of unknown type "${value.type.slice(0, 40)}".`);
    }
    for (const [name, check] of Object.entries(SHAPES[value.type])) {
      if (!check(value[name])) {
        return drop(`Ignored a malformed "${value.type}" event: field "${name}".`);
      }
    }
    return value as unknown as ServerEvent;
  };
}

/** The JSON text of a client message. */
export function encodeMessage(message: ClientMessage): string {
  return JSON.stringify(message);
}

function isKnown(type: string): type is ServerEvent["type"] {
  return Object.hasOwn(SHAPES, type);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parse(frame: string): unknown {
  try {
    return JSON.parse(frame);
  } catch {
    return null;
  }
}
