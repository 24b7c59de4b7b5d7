/** The server's conversations at the network edge: routes for `scriptedApi`, with what they change. */
import type {
  ConversationChange,
  ConversationSummary,
  FeedbackRequest,
  SearchHit,
  Turn,
} from "../src/api/schema";
import { endOf } from "./builders";
import { problem, type Reply } from "./scripted_api";

export interface ConversationServer {
  readonly routes: Readonly<Record<string, Reply>>;
  /** As the server lists them. */
  items: ConversationSummary[];
  /** By conversation. */
  readonly turns: Map<string, Turn[]>;
  hits: SearchHit[];
  /** True: no request is answered. */
  isAway: boolean;
  readonly ratings: Map<string, FeedbackRequest>;
}

const PAGE = 30;
const UNDO_MS = 60_000;

export const summaryOf = (
  conversation_id: string,
  more: Partial<ConversationSummary> = {},
): ConversationSummary => ({
  conversation_id,
  title: `Title of ${conversation_id}`,
  created_at: Date.now(),
  updated_at: Date.now(),
  pinned: false,
  turns: 1,
  active_answer: null,
  ...more,
});

export const servedTurn = (answer_id: string, text: string, more: Partial<Turn> = {}): Turn => ({
  answer_id,
  parent: "root",
  question: `${answer_id}?`,
  asked_at: 1,
  state: "done",
  text,
  sources: [],
  end: { ...endOf(answer_id, text), receipt: null, error: null, flags: [] } as Turn["end"],
  feedback: null,
  ...more,
});

/** `names`: conversations of one turn each, answered "about NAME". */
export function conversationServer(...names: readonly string[]): ConversationServer {
  const deleted: ConversationSummary[] = [];
  const unknown = () => problem(404, "unknown_conversation", "There is no such conversation.");
  const idOf = (url: URL) => url.pathname.split("/")[2] ?? "";
  const find = (id: string) => server.items.find((item) => item.conversation_id === id);
  const away =
    (reply: Reply): Reply =>
    (request) => {
      if (server.isAway) throw new TypeError("fetch failed");
      return reply(request);
    };
  const list: Reply = ({ url }) => {
    const from = Number(url.searchParams.get("cursor") ?? 0);
    const items = server.items.slice(from, from + PAGE);
    const more = from + PAGE < server.items.length;
    return { items, next_cursor: more ? String(from + PAGE) : null };
  };
  const read: Reply = ({ url }) => {
    const item = find(idOf(url));
    if (item === undefined) return unknown();
    if (url.pathname.endsWith("/export")) {
      const [format, leaf] = [url.searchParams.get("format"), url.searchParams.get("leaf")];
      const name = `${item.title}.${format === "markdown" ? "md" : "json"}`;
      return new Response(`leaf ${leaf}`, {
        headers: { "content-disposition": `attachment; filename="${name}"` },
      });
    }
    return { ...item, leaf: null, turns: server.turns.get(item.conversation_id) ?? [] };
  };
  const change: Reply = ({ url, body }) => {
    const item = find(idOf(url));
    if (item === undefined) return unknown();
    const changed = { ...item, ...(body as ConversationChange) } as ConversationSummary;
    server.items = server.items.map((other) => (other === item ? changed : other));
    return changed;
  };
  const remove: Reply = ({ url }) => {
    const item = find(idOf(url));
    if (item === undefined) return unknown();
    deleted.push(item);
    server.items = server.items.filter((other) => other !== item);
    return { conversation_id: item.conversation_id, undo_until: Date.now() + UNDO_MS };
  };
  const restore: Reply = ({ url }) => {
    const back = deleted.find((item) => item.conversation_id === idOf(url));
    if (back === undefined) return problem(410, "undo_expired", "It is too late to undo this.");
    server.items = [back, ...server.items];
    return back;
  };
  const search: Reply = ({ url }) => {
    const words = url.searchParams.get("q") ?? "";
    return {
      items: server.hits.filter(({ excerpt }) => excerpt.includes(words)),
      next_cursor: null,
    };
  };
  const rate: Reply = ({ url, body }) => {
    const feedback = body as FeedbackRequest;
    server.ratings.set(idOf(url), feedback);
    return { answer_id: idOf(url), rating: feedback.rating };
  };
  const removeAll: Reply = () => {
    const deleted_rows = server.items.length;
    server.items = [];
    return { deleted_rows };
  };
  const server: ConversationServer = {
    routes: {
      "GET /conversations": away(list),
      "GET /conversations/*": away(read),
      "PATCH /conversations/*": away(change),
      "DELETE /conversations/*": away(remove),
      "POST /conversations/*": away(restore),
      "GET /search": away(search),
      "POST /answers/*": away(rate),
      "DELETE /me": away(removeAll),
    },
    items: names.map((name) => summaryOf(name, { title: name })),
    turns: new Map(names.map((name) => [name, [servedTurn(`a-${name}`, `about ${name}`)]])),
    hits: [],
    isAway: false,
    ratings: new Map(),
  };
  return server;
}
