// Generated from copilot/wire.schema.json by `npm run generate`. Do not edit.

export type ClientMessage = Hello | Ask | Resume | Cancel | Feedback | Auth | Ping;
export type ServerEvent =
  | Welcome
  | Accepted
  | Rejected
  | Status
  | Start
  | Sources
  | Delta
  | Snapshot
  | End
  | Pong
  | Noted
  | Error;

export interface Wire {
  client?: ClientMessage;
  server?: ServerEvent;
}
/**
 * First frame after connecting; answered by ``welcome``.
 */
export interface Hello {
  action: "hello";
  client_id: string;
  v?: 1;
}
/**
 * A question. ``text`` or its short form ``data`` holds it; ``text`` wins when both are given.
 *
 *     ``client_msg_id`` makes the question idempotent; without one the server derives one from the
 *     API Gateway message id, so that only that very frame is deduplicated.
 */
export interface Ask {
  action: "message";
  client_msg_id?: string | null;
  text?: string | null;
  data?: string | null;
  conversation_id?: string | null;
  filters?: {
    [k: string]: string;
  } | null;
  fresh?: boolean;
  parent?: string | null;
  v?: 1;
}
/**
 * Asks for everything of an answer after ``(epoch, after_seq)``, then the live events.
 */
export interface Resume {
  action: "resume";
  answer_id: string;
  epoch?: number;
  after_seq?: number;
  v?: 1;
}
/**
 * Stops an answer; what was streamed so far is kept.
 */
export interface Cancel {
  action: "cancel";
  answer_id: string;
  v?: 1;
}
/**
 * A person's judgement of a finished answer.
 */
export interface Feedback {
  action: "feedback";
  answer_id: string;
  rating: "down" | "up";
  reason?: ("citation" | "incomplete" | "other" | "outdated" | "unsafe" | "wrong") | null;
  comment?: string | null;
  v?: 1;
}
/**
 * A renewed token for a connection that outlives its first one.
 */
export interface Auth {
  action: "auth";
  token: string;
  v?: 1;
}
/**
 * Keeps the connection alive; ``t`` is the client's own clock in milliseconds.
 */
export interface Ping {
  action: "ping";
  t?: number;
  v?: 1;
}
export interface Welcome {
  type: "welcome";
  limits: Limits;
  server_time: number;
  heartbeat_s: number;
  user: string;
}
/**
 * What the server accepts, so that a client can refuse early.
 */
export interface Limits {
  question_chars?: number;
  frame_bytes?: number;
  questions_per_minute: number;
}
export interface Accepted {
  type: "accepted";
  client_msg_id: string;
  answer_id: string;
  conversation_id: string;
}
export interface Rejected {
  type: "rejected";
  client_msg_id: string;
  code: string;
  message: string;
  retry_after_ms?: number | null;
}
/**
 * Progress before the first token; unsequenced, may be lost.
 */
export interface Status {
  type: "status";
  answer_id: string;
  stage: "queued" | "retrieving" | "thinking" | "waking";
}
/**
 * A worker has begun (or begun again, with a higher epoch) to answer.
 */
export interface Start {
  type: "start";
  answer_id: string;
  epoch: number;
  cache: "bypass" | "hit" | "miss";
}
export interface Sources {
  type: "sources";
  answer_id: string;
  epoch: number;
  seq: number;
  items: Source[];
}
/**
 * One retrieved passage as shown to a person; ``id`` is its citation number as text ("1").
 */
export interface Source {
  id: string;
  title: string;
  snippet: string;
  score: number;
  document: string;
  chunk_id: string;
  url?: string | null;
  page?: number | null;
  section?: string | null;
}
export interface Delta {
  type: "delta";
  answer_id: string;
  epoch: number;
  seq: number;
  text: string;
}
/**
 * One page of what is stored: the deltas of exactly ``from_seq..to_seq``, joined.
 *
 *     An empty page has ``to_seq == from_seq - 1``. ``sources`` holds those sent within the range.
 */
export interface Snapshot {
  type: "snapshot";
  answer_id: string;
  epoch: number;
  from_seq: number;
  to_seq: number;
  text: string;
  sources: Source[];
  state: "cancelled" | "done" | "error" | "queued" | "streaming" | "truncated";
  more: boolean;
}
/**
 * The one terminal event; ``sha256`` is the hex digest of the answer's UTF-8 text.
 */
export interface End {
  type: "end";
  answer_id: string;
  epoch: number;
  last_seq: number;
  state: "cancelled" | "done" | "error" | "truncated";
  finish_reason: string;
  sha256: string;
  citations: Citation[];
  receipt?: Receipt | null;
  error?: ErrorInfo | null;
  flags?: Flag[];
}
/**
 * One marker of the answer resolved to its passage.
 *
 *     ``at`` is the character offset of the marker in the answer; ``start``/``end`` the character
 *     span of the supporting text in the document.
 */
export interface Citation {
  source_id: string;
  document: string;
  chunk_id: string;
  at: number;
  quote: string;
  start: number;
  end: number;
  page?: number | null;
  section?: string | null;
}
/**
 * What an answer took: shown to the person and stored with the answer.
 */
export interface Receipt {
  model: string;
  corpus_version: string;
  cache: CacheReceipt;
  stages: StageTime[];
  tokens: Tokens;
  posts?: number;
  sources?: number;
  first_token_ms?: number | null;
  total_ms?: number | null;
  cost_usd?: number | null;
  standalone_question?: string | null;
}
/**
 * What the semantic cache decided and why; ``score`` is the cosine of the nearest entry.
 *
 *     ``entry`` names the entry that a hit was served from; it says nothing to anyone but the cache.
 */
export interface CacheReceipt {
  decision: "bypass" | "hit" | "miss";
  reason?: string;
  score?: number | null;
  entry?: string | null;
}
/**
 * One stage of a turn and the wall-clock milliseconds it took.
 */
export interface StageTime {
  name: string;
  ms: number;
}
/**
 * Token counts as reported by the model (estimated where it reports none).
 */
export interface Tokens {
  prompt?: number;
  completion?: number;
}
/**
 * Why an answer ended in ``error``; ``retryable`` says whether asking again may help.
 */
export interface ErrorInfo {
  code: string;
  message: string;
  retryable: boolean;
}
/**
 * A part of the answer that the server could not confirm; ``start``/``end`` are its characters.
 *
 *     ``unsupported``: a sentence that the passages it cites do not say. ``figure``: a number, sum of
 *     money, percentage or date that occurs in no cited passage.
 */
export interface Flag {
  kind: "figure" | "unsupported";
  start: number;
  end: number;
  text: string;
}
export interface Pong {
  type: "pong";
  t: number;
}
export interface Noted {
  type: "noted";
  answer_id: string;
}
/**
 * A frame that could not be served; ``ref`` names what it referred to, when known.
 */
export interface Error {
  type: "error";
  code: string;
  message: string;
  ref?: string | null;
}
