/** Why the HTTP API did not do what it was asked. */
import type { Problem } from "./schema";

export class ApiError extends Error {
  override readonly name = "ApiError";
  /** The HTTP status; 0 where no answer came at all. */
  readonly status: number;
  /** For programs: a problem's `code`, or "unreachable", "timeout", "unreadable". */
  readonly code: string;
  /** Milliseconds after which the same request may succeed, where the server says so. */
  readonly retryAfterMs: number | null;

  /** `message` is for the person at the page: it says what to do. */
  constructor(
    message: string,
    about: { status?: number; code: string; retryAfterMs?: number | null },
  ) {
    super(message);
    this.status = about.status ?? 0;
    this.code = about.code;
    this.retryAfterMs = about.retryAfterMs ?? null;
  }

  /** True where asking again may help. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The error that a response with a status of 400 or more stands for. */
export async function problemOf(response: Response): Promise<ApiError> {
  const { status } = response;
  const body: unknown = await response.json().catch(() => null);
  if (!isProblem(body)) {
    return new ApiError(`The server answered ${status}. Try again in a moment.`, {
      status,
      code: "unreadable",
    });
  }
  const { code, detail, title, retry_after_ms } = body;
  return new ApiError(detail || title || `The server answered ${status}.`, {
    status,
    code: code ?? "unknown",
    retryAfterMs: retry_after_ms ?? null,
  });
}

function isProblem(value: unknown): value is Partial<Problem> {
  return (
    typeof value === "object" &&
    value !== null &&
    "title" in value &&
    typeof value.title === "string" &&
    (!("detail" in value) || typeof value.detail === "string") &&
    (!("code" in value) || typeof value.code === "string")
  );
}
