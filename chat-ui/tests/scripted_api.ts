/** The HTTP API at the network edge: a `fetch` that answers by script, in the API's own shapes. */
import { ApiClient } from "../src/api/client";
import type { Problem } from "../src/api/schema";

/** The body of a 200, or a whole `Response`. */
export type Reply = (request: { readonly url: URL; readonly body: unknown }) => unknown;

export interface ScriptedApi {
  readonly client: ApiClient;
  readonly fetch: typeof fetch;
  /** What was asked, oldest first: "GET /documents?q=x". */
  readonly requests: readonly string[];
}

/**
 * `routes` by method and path, "GET /documents"; a path that ends in `*` stands for all that begin
 * so, the longest first. Anything else is a 404.
 */
export function scriptedApi(routes: Readonly<Record<string, Reply>> = {}): ScriptedApi {
  const requests: string[] = [];
  const byLength = Object.keys(routes).sort((a, b) => b.length - a.length);
  const answer: typeof fetch = async (input, init) => {
    const url = new URL(String(input));
    const asked = `${init?.method ?? "GET"} ${url.pathname}`;
    requests.push(asked + url.search);
    const route = byLength.find((key) =>
      key.endsWith("*") ? asked.startsWith(key.slice(0, -1)) : asked === key,
    );
    const reply = route === undefined ? undefined : routes[route];
    if (reply === undefined) return problem(404, "not_found", "It does not exist.");
    const body = typeof init?.body === "string" ? JSON.parse(init.body) : null;
    const replied = reply({ url, body });
    return replied instanceof Response ? replied : Response.json(replied);
  };
  const client = new ApiClient({ apiUrl: "https://api.test", clientId: "c-1", fetch: answer });
  return { client, fetch: answer, requests };
}

/** For pages that are about something else than the list beside them. */
export const NO_CONVERSATIONS: Readonly<Record<string, Reply>> = {
  "GET /conversations": () => ({ items: [], next_cursor: null }),
};

export function problem(status: number, code: string, detail: string): Response {
  const body: Problem = {
    type: "about:blank",
    title: code,
    status,
    detail,
    code,
    retry_after_ms: null,
  };
  return Response.json(body, { status });
}
