/** Past conversations over the HTTP API. */
import type { ApiClient } from "../../api/client";
import { ApiError } from "../../api/errors";
import type { Turn } from "../../api/schema";
import type { Found, History } from "../../chat/history";
import type { StoredTurn } from "../../chat/stored";

/** How the API names what begins a branch. */
const ROOT = "root";

export function serverHistory(api: ApiClient): History {
  return {
    async load(conversationId): Promise<Found> {
      try {
        const { turns } = await api.getConversation(conversationId);
        return { kind: "found", turns: turns.map(storedTurn) };
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return { kind: error.status === 404 ? "missing" : "unreachable" };
      }
    },
  };
}

function storedTurn({ answer_id, asked_at, parent, feedback, ...turn }: Turn): StoredTurn {
  return {
    ...turn,
    answerId: answer_id,
    askedAt: asked_at,
    parent: parent === ROOT ? null : parent,
    feedback: feedback && {
      rating: feedback.rating,
      reason: feedback.reason ?? undefined,
      comment: feedback.comment ?? undefined,
    },
  };
}
