/**
 * The HTTP API as functions. Every method resolves to the body that the API's document promises, or
 * rejects with an `ApiError`; an `AbortSignal` that fires rejects with its own reason.
 */
import { ApiError, problemOf } from "./errors";
import type {
  ChunkInContext,
  ChunkPage,
  ClosedConnections,
  Conversation,
  ConversationChange,
  ConversationPage,
  ConversationSummary,
  DeletedConversation,
  DeletedRows,
  Document,
  DocumentPage,
  FeedbackNoted,
  FeedbackRequest,
  Insights,
  SearchPage,
  Ticket,
} from "./schema";

export interface ApiSettings {
  /** Without a slash at its end. */
  readonly apiUrl: string;
  readonly clientId: string;
  readonly fetch?: typeof fetch;
}

/** What any list takes; `cursor` is a page's `next_cursor`. */
export interface PageRequest {
  readonly cursor?: string | null | undefined;
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Request {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly query?: Readonly<Record<string, string | number | null | undefined>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** A file to save. */
export interface Download {
  readonly name: string;
  readonly content: Blob;
}

const PATIENCE_MS = 20_000;

export class ApiClient {
  readonly #settings: ApiSettings;

  constructor(settings: ApiSettings) {
    this.#settings = settings;
  }

  listConversations({ cursor, limit, signal }: PageRequest = {}): Promise<ConversationPage> {
    return this.#json(["conversations"], { query: { cursor, limit }, signal });
  }

  getConversation(id: string, signal?: AbortSignal): Promise<Conversation> {
    return this.#json(["conversations", id], { signal });
  }

  changeConversation(id: string, change: ConversationChange): Promise<ConversationSummary> {
    return this.#json(["conversations", id], { method: "PATCH", body: change });
  }

  deleteConversation(id: string): Promise<DeletedConversation> {
    return this.#json(["conversations", id], { method: "DELETE" });
  }

  restoreConversation(id: string): Promise<ConversationSummary> {
    return this.#json(["conversations", id, "restore"], { method: "POST" });
  }

  /** The branch of `leaf`, by default the conversation's own. */
  async exportConversation(
    id: string,
    format: "markdown" | "json",
    leaf?: string,
  ): Promise<Download> {
    const response = await this.#send(["conversations", id, "export"], { query: { format, leaf } });
    const ending = format === "markdown" ? "md" : "json";
    const name = fileName(response.headers.get("content-disposition")) ?? `conversation.${ending}`;
    return { name, content: await response.blob() };
  }

  search(q: string, { cursor, limit, signal }: PageRequest = {}): Promise<SearchPage> {
    return this.#json(["search"], { query: { q, cursor, limit }, signal });
  }

  giveFeedback(answerId: string, feedback: FeedbackRequest): Promise<FeedbackNoted> {
    return this.#json(["answers", answerId, "feedback"], { method: "POST", body: feedback });
  }

  listDocuments(q: string, { cursor, limit, signal }: PageRequest = {}): Promise<DocumentPage> {
    return this.#json(["documents"], { query: { q: q || null, cursor, limit }, signal });
  }

  getDocument(document: string, signal?: AbortSignal): Promise<Document> {
    return this.#json(["documents", document], { signal });
  }

  listChunks(document: string, { cursor, limit, signal }: PageRequest = {}): Promise<ChunkPage> {
    return this.#json(["documents", document, "chunks"], { query: { cursor, limit }, signal });
  }

  /** `chunk` is its number from 0, or its id; `span` are characters of the document's text. */
  getChunk(
    document: string,
    chunk: number | string,
    span?: { readonly start: number; readonly end: number } | null,
    signal?: AbortSignal,
  ): Promise<ChunkInContext> {
    const query = { start: span?.start, end: span?.end };
    return this.#json(["documents", document, "chunks", String(chunk)], { query, signal });
  }

  /** Figures of the last `days` days, 1 to 90. */
  getInsights(days: number, signal?: AbortSignal): Promise<Insights> {
    return this.#json(["insights"], { query: { days }, signal });
  }

  /** The right to open one socket, within seconds. */
  createTicket(): Promise<Ticket> {
    return this.#json(["tickets"], { method: "POST" });
  }

  /** Closes every socket of this person. */
  logOut(): Promise<ClosedConnections> {
    return this.#json(["logout"], { method: "POST" });
  }

  /** Everything that the server keeps of this person. */
  deleteMe(): Promise<DeletedRows> {
    return this.#json(["me"], { method: "DELETE" });
  }

  async #json<T>(path: readonly string[], request: Request): Promise<T> {
    const response = await this.#send(path, request);
    try {
      return (await response.json()) as T;
    } catch {
      request.signal?.throwIfAborted();
      throw new ApiError("The server's answer could not be read. Try again in a moment.", {
        status: response.status,
        code: "unreadable",
      });
    }
  }

  /** A response that says success. Every part of `path` is percent-encoded here. */
  async #send(path: readonly string[], request: Request): Promise<Response> {
    const { apiUrl, clientId, fetch: send = fetch } = this.#settings;
    const { method = "GET", body, signal } = request;
    const patience = AbortSignal.timeout(PATIENCE_MS);
    let response: Response;
    try {
      response = await send(
        `${apiUrl}/${path.map(encodeURIComponent).join("/")}${queryOf(request)}`,
        {
          method,
          headers: {
            accept: "application/json, text/markdown, application/problem+json",
            "x-client-id": clientId,
            ...(body === undefined ? {} : { "content-type": "application/json" }),
          },
          body: body === undefined ? null : JSON.stringify(body),
          signal: signal === undefined ? patience : AbortSignal.any([signal, patience]),
        },
      );
    } catch {
      signal?.throwIfAborted();
      throw patience.aborted
        ? new ApiError("The server took too long to answer. Try again.", { code: "timeout" })
        : new ApiError("The server cannot be reached. Check your connection, then try again.", {
            code: "unreachable",
          });
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}

/** Without what is absent; with its question mark. */
function queryOf({ query = {} }: Request): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}

/** The file name in a `Content-Disposition` (RFC 6266), if there is one; never with a folder. */
export function fileName(disposition: string | null): string | null {
  const extended = /filename\*=utf-8''([^;]+)/i.exec(disposition ?? "")?.[1];
  const plain = /filename="?([^";]+)"?/i.exec(disposition ?? "")?.[1];
  const name = extended === undefined ? plain : decoded(extended);
  return name?.split(/[/\\]/).at(-1)?.trim() || null;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
