/** Past conversations over the HTTP API. */
import type { Found, History } from "../chat/history";
import type { StoredTurn } from "../chat/stored";

/** One turn as `GET /conversations/{id}` gives it. */
interface ServedTurn extends Pick<StoredTurn, "question" | "state" | "text" | "sources" | "end"> {
  readonly answer_id: string;
  readonly parent: string;
  readonly asked_at: number;
  readonly feedback: StoredTurn["feedback"];
}

const PATIENCE_MS = 15_000;

export function serverHistory(
  apiUrl: string,
  clientId: string,
  read: typeof fetch = fetch,
): History {
  return {
    async load(conversationId): Promise<Found> {
      let response: Response;
      try {
        response = await read(`${apiUrl}/conversations/${encodeURIComponent(conversationId)}`, {
          headers: { "x-client-id": clientId },
          signal: AbortSignal.timeout(PATIENCE_MS),
        });
      } catch {
        return { kind: "unreachable" };
      }
      if (response.status === 404) return { kind: "missing" };
      if (!response.ok) return { kind: "unreachable" };
      const { turns } = (await response.json()) as { readonly turns: readonly ServedTurn[] };
      return { kind: "found", turns: turns.map(storedTurn) };
    },
  };
}

function storedTurn(turn: ServedTurn): StoredTurn {
  const { answer_id, asked_at, parent, ...rest } = turn;
  return {
    ...rest,
    answerId: answer_id,
    askedAt: asked_at,
    parent: parent === "root" ? null : parent,
  };
}
