import { expect, it } from "vitest";
import { ApiClient, fileName } from "../../src/api/client";
import { ApiError } from "../../src/api/errors";

interface Seen {
  readonly url: string;
  readonly init: RequestInit;
}

/** A client whose network answers with `response`, or fails with it. */
function clientOf(response: Response | Error) {
  const seen: Seen[] = [];
  const client = new ApiClient({
    apiUrl: "https://api.example/v1",
    clientId: "c-1",
    fetch: async (url, init) => {
      seen.push({ url: String(url), init: init ?? {} });
      if (response instanceof Error) throw response;
      return response;
    },
  });
  return { client, seen };
}

const json = (body: unknown, status = 200) => Response.json(body, { status });

async function errorOf(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

it("asks as this client, and encodes what stands in the path and the query", async () => {
  const { client, seen } = clientOf(json({ chunk: null }));
  await client.getChunk("tariffs/2025 plan.md", 3, { start: 10, end: 20 });
  expect(seen[0]?.url).toBe(
    "https://api.example/v1/documents/tariffs%2F2025%20plan.md/chunks/3?start=10&end=20",
  );
  expect(seen[0]?.init.headers).toMatchObject({ "x-client-id": "c-1" });
});

it("leaves out what is not asked for", async () => {
  const { client, seen } = clientOf(json({ items: [], next_cursor: null }));
  await client.listDocuments("", { limit: 5, cursor: null });
  expect(seen[0]?.url).toBe("https://api.example/v1/documents?limit=5");
});

it("sends a body as JSON", async () => {
  const { client, seen } = clientOf(json({ conversation_id: "c" }));
  await client.changeConversation("c", { pinned: true });
  expect(seen[0]?.init).toMatchObject({ method: "PATCH", body: '{"pinned":true}' });
  expect(seen[0]?.init.headers).toMatchObject({ "content-type": "application/json" });
});

it("a problem becomes an error with its code, its words and its wait", async () => {
  const problem = {
    type: "about:blank",
    title: "Too many requests",
    status: 429,
    detail: "Wait a minute.",
    code: "rate_limited",
    retry_after_ms: 60_000,
  };
  const error = await errorOf(clientOf(json(problem, 429)).client.getInsights(30));
  expect(error).toMatchObject({
    status: 429,
    code: "rate_limited",
    message: "Wait a minute.",
    retryAfterMs: 60_000,
    isTransient: true,
  });
});

it.each([
  [new Response("<html>", { status: 502 }), 502, "unreadable"],
  [new Response("{", { status: 200 }), 200, "unreadable"],
  [json({ title: 3 }, 404), 404, "unreadable"],
  [new TypeError("fetch failed"), 0, "unreachable"],
])("what no program can read is told in words", async (response, status, code) => {
  const error = await errorOf(clientOf(response).client.getInsights(30));
  expect(error).toMatchObject({ status, code });
  expect(error.message).toMatch(/[Tt]ry again/);
});

it("a withdrawn request rejects with the reason of its signal, not as a failure", async () => {
  const controller = new AbortController();
  controller.abort(new Error("no longer wanted"));
  const { client } = clientOf(new DOMException("aborted", "AbortError"));
  await expect(client.getDocument("d", controller.signal)).rejects.toThrow("no longer wanted");
});

it("an export is a file with the name that the server gives", async () => {
  const headers = { "content-disposition": "attachment; filename*=UTF-8''W%C3%A4rme.md" };
  const { client, seen } = clientOf(new Response("# T", { headers }));
  const { name, content } = await client.exportConversation("c", "markdown");
  expect([name, await content.text()]).toEqual(["Wärme.md", "# T"]);
  expect(seen[0]?.url).toBe("https://api.example/v1/conversations/c/export?format=markdown");
});

it.each([
  [null, null],
  ["attachment", null],
  ['attachment; filename="a b.json"', "a b.json"],
  ["attachment; filename=../../etc/passwd", "passwd"],
  ["attachment; filename*=UTF-8''%E0%A4%A", null],
])("the file name of %s is %s", (disposition, name) => {
  expect(fileName(disposition)).toBe(name);
});
