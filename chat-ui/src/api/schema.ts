// Generated from http_api/openapi.json by `npm run generate`. Do not edit.
import type {
  CacheReceipt,
  Citation,
  End,
  ErrorInfo,
  Flag,
  Receipt,
  Source,
  StageTime,
  Tokens
} from "../protocol/wire";

/**
 * Every body of the HTTP API by its name.
 */
export interface Schemas {
  Answer: Answer;
  CacheReceipt: CacheReceipt;
  ChatRequest: ChatRequest;
  Chunk: Chunk;
  ChunkInContext: ChunkInContext;
  ChunkPage: ChunkPage;
  Citation: Citation;
  ClosedConnections: ClosedConnections;
  Conversation: Conversation;
  ConversationChange: ConversationChange;
  ConversationPage: ConversationPage;
  ConversationSummary: ConversationSummary;
  DeletedConversation: DeletedConversation;
  DeletedRows: DeletedRows;
  Document: Document;
  DocumentPage: DocumentPage;
  DocumentSummary: DocumentSummary;
  End: End;
  ErrorInfo: ErrorInfo;
  FailedQuestion: FailedQuestion;
  FeedbackNoted: FeedbackNoted;
  FeedbackRequest: FeedbackRequest;
  Figures: Figures;
  Flag: Flag;
  Health: Health;
  Insights: Insights;
  InsightsDay: InsightsDay;
  NewConversation: NewConversation;
  Percentiles: Percentiles;
  Problem: Problem;
  Receipt: Receipt;
  SearchHit: SearchHit;
  SearchPage: SearchPage;
  Section: Section;
  Source: Source;
  Span: Span;
  StageTime: StageTime;
  Ticket: Ticket;
  Tokens: Tokens;
  TopQuestion: TopQuestion;
  Turn: Turn;
  TurnFeedback: TurnFeedback;
}
/**
 * An answer as far as it is written; ``retry_after_ms`` says when to ask again, if at all.
 */
export interface Answer {
  answer_id: string;
  conversation_id: string;
  state: "queued" | "streaming" | "done" | "cancelled" | "truncated" | "error";
  text: string;
  sources: Source[];
  end: End | null;
  retry_after_ms: number | null;
}
/**
 * A question. ``parent`` is the turn it follows (``root``: a new first turn); left out, it is
 * the newest of the conversation. ``fresh`` skips the semantic cache.
 */
export interface ChatRequest {
  text: string;
  conversation_id?: string | null;
  parent?: string | null;
  filters?: {
    [k: string]: string;
  } | null;
  fresh?: boolean;
  client_msg_id?: string | null;
}
/**
 * One indexed passage. ``n`` counts from 0 within the document; ``start``/``end`` are
 * characters of the document's text.
 */
export interface Chunk {
  n: number;
  chunk_id: string;
  start: number;
  end: number;
  page: number | null;
  section: string | null;
  text: string;
}
/**
 * A chunk between its neighbours; ``span`` is the asked-for part that lies in ``chunk``.
 */
export interface ChunkInContext {
  chunk: Chunk;
  before: Chunk | null;
  after: Chunk | null;
  span: Span | null;
}
/**
 * Characters of the document's text.
 */
export interface Span {
  start: number;
  end: number;
}
/**
 * Chunks in the order of the document.
 */
export interface ChunkPage {
  items: Chunk[];
  next_cursor: string | null;
}
/**
 * How many sockets were closed.
 */
export interface ClosedConnections {
  closed_connections: number;
}
/**
 * A conversation with the turns of all its branches, oldest first; ``leaf`` is the newest.
 */
export interface Conversation {
  conversation_id: string;
  title: string;
  /**
   * Milliseconds since 1970, UTC.
   */
  created_at: number;
  /**
   * Milliseconds since 1970, UTC.
   */
  updated_at: number;
  pinned: boolean;
  active_answer: string | null;
  leaf: string | null;
  turns: Turn[];
}
/**
 * A question and its answer. ``parent`` is the turn that it follows, ``root`` for a first.
 */
export interface Turn {
  answer_id: string;
  parent: string;
  question: string;
  /**
   * Milliseconds since 1970, UTC.
   */
  asked_at: number;
  state: "queued" | "streaming" | "done" | "cancelled" | "truncated" | "error";
  text: string;
  sources: Source[];
  end: End | null;
  feedback: TurnFeedback | null;
}
/**
 * What the person said of an answer.
 */
export interface TurnFeedback {
  rating: "up" | "down";
  reason: ("wrong" | "incomplete" | "citation" | "outdated" | "unsafe" | "other") | null;
  comment: string | null;
}
/**
 * What to change; what is left out stays.
 */
export interface ConversationChange {
  title?: string | null;
  pinned?: boolean | null;
}
/**
 * Pinned conversations first, each kind newest first.
 */
export interface ConversationPage {
  items: ConversationSummary[];
  next_cursor: string | null;
}
/**
 * A conversation without its turns, of which ``turns`` is the number over all branches;
 * ``active_answer`` is the answer being written, if any.
 */
export interface ConversationSummary {
  conversation_id: string;
  title: string;
  /**
   * Milliseconds since 1970, UTC.
   */
  created_at: number;
  /**
   * Milliseconds since 1970, UTC.
   */
  updated_at: number;
  pinned: boolean;
  active_answer: string | null;
  turns: number;
}
/**
 * Hidden at once, gone after ``undo_until``.
 */
export interface DeletedConversation {
  conversation_id: string;
  /**
   * Milliseconds since 1970, UTC.
   */
  undo_until: number;
}
/**
 * How many rows were deleted.
 */
export interface DeletedRows {
  deleted_rows: number;
}
/**
 * A document with its sections.
 */
export interface Document {
  document: string;
  title: string;
  url: string | null;
  format: string;
  date: string | null;
  groups: string[];
  pages: number | null;
  characters: number;
  sections: Section[];
  chunk_count: number;
}
/**
 * A section of a document; ``start`` is the character at which its first chunk begins.
 */
export interface Section {
  title: string;
  start: number;
}
/**
 * What is indexed, as far as the caller may see it, after what is not indexed yet, or failed,
 * or was removed today.
 */
export interface DocumentPage {
  corpus_version: string;
  model: string;
  built_at: number | null;
  items: DocumentSummary[];
  next_cursor: string | null;
}
/**
 * A document; ``document`` is its id, as in ``Source.document``. ``sections`` and ``chunks``
 * are numbers of them. Answers come from those that are in the index, which have chunks.
 *
 * ``status`` says how far an uploaded document has come, since ``status_at``, and ``reason`` why
 * it failed or waits; what was not uploaded is ``indexed``.
 */
export interface DocumentSummary {
  document: string;
  title: string;
  url: string | null;
  format: string;
  date: string | null;
  groups: string[];
  pages: number | null;
  characters: number;
  sections: number;
  chunks: number;
  status: "queued" | "indexing" | "indexed" | "failed" | "removed";
  status_at: number | null;
  reason: string | null;
}
/**
 * A question whose answer ended in an error, was cut short or stopped, or abstained.
 */
export interface FailedQuestion {
  question: string;
  state: "error" | "truncated" | "cancelled" | "abstained";
  code: string | null;
  answer_id: string;
  conversation_id: string;
  /**
   * Milliseconds since 1970, UTC.
   */
  at: number;
}
/**
 * What is stored now.
 */
export interface FeedbackNoted {
  answer_id: string;
  rating: ("up" | "down") | null;
}
/**
 * A judgement of an answer; ``rating: null`` withdraws it.
 */
export interface FeedbackRequest {
  rating: ("up" | "down") | null;
  reason?: ("wrong" | "incomplete" | "citation" | "outdated" | "unsafe" | "other") | null;
  comment?: string | null;
}
/**
 * Sums over questions that have ended; ``None`` where nothing was measured.
 */
export interface Figures {
  questions: number;
  done: number;
  errors: number;
  cancelled: number;
  truncated: number;
  abstained: number;
  cache_hits: number;
  up: number;
  down: number;
  cost_usd: number;
  prompt_tokens: number;
  completion_tokens: number;
  first_token_ms: Percentiles | null;
  total_ms: Percentiles | null;
}
/**
 * Milliseconds, within 1 % of the exact value (see docs/http-api.md).
 */
export interface Percentiles {
  p50: number;
  p95: number;
}
/**
 * The API runs and reads its index.
 */
export interface Health {
  status: "ok";
  corpus_version: string;
}
/**
 * Figures of the last days, each day once, oldest first.
 */
export interface Insights {
  from_day: string;
  to_day: string;
  days: InsightsDay[];
  totals: Figures;
  top_questions: TopQuestion[];
  failed_questions: FailedQuestion[];
}
/**
 * The figures of the questions asked on one day (UTC).
 */
export interface InsightsDay {
  questions: number;
  done: number;
  errors: number;
  cancelled: number;
  truncated: number;
  abstained: number;
  cache_hits: number;
  up: number;
  down: number;
  cost_usd: number;
  prompt_tokens: number;
  completion_tokens: number;
  first_token_ms: Percentiles | null;
  total_ms: Percentiles | null;
  day: string;
}
/**
 * A question that was asked most, spelled as it was asked last.
 */
export interface TopQuestion {
  question: string;
  count: number;
  cache_hits: number;
  /**
   * Milliseconds since 1970, UTC.
   */
  last_at: number;
}
/**
 * An empty conversation; asking a question makes one as well.
 */
export interface NewConversation {
  title?: string | null;
}
/**
 * An error (RFC 9457). ``code`` is for programs, ``detail`` says what to do.
 */
export interface Problem {
  type?: "about:blank";
  title: string;
  status: number;
  detail: string;
  code: string;
  retry_after_ms?: number | null;
}
/**
 * A place in a conversation. ``marks`` are character spans of ``excerpt``.
 */
export interface SearchHit {
  conversation_id: string;
  title: string;
  answer_id: string | null;
  where: "title" | "question" | "answer";
  excerpt: string;
  marks: [unknown, unknown][];
  /**
   * Milliseconds since 1970, UTC.
   */
  at: number;
}
/**
 * Hits in the newest conversations first. A page may be empty and still have a next one.
 */
export interface SearchPage {
  items: SearchHit[];
  next_cursor: string | null;
}
/**
 * A ticket for one handshake. Its socket serves its person for ``sign_in_lasts_s``, unless
 * the message ``auth`` brings another ticket before.
 */
export interface Ticket {
  ticket: string;
  expires_in_s: number;
  sign_in_lasts_s: number;
}
