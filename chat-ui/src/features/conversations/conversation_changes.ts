/** Rename, pin, delete with undo: shown at once, taken back with a word where the server refuses. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { useLocation } from "wouter";
import { useApi } from "../../api/api_context";
import type { ConversationSummary } from "../../api/schema";
import { useSession } from "../../session/session_context";
import { toast } from "../../ui/toast";
import { changeList, LIST_KEY } from "./conversation_list";

export interface ConversationChanges {
  rename(id: string, title: string): Promise<void>;
  pin(id: string, pinned: boolean): Promise<void>;
  remove(id: string, title: string): Promise<void>;
}

export function useConversationChanges(): ConversationChanges {
  const api = useApi();
  const client = useQueryClient();
  const session = useSession();
  const [, navigate] = useLocation();
  const attempt = useCallback(
    async (
      change: (items: readonly ConversationSummary[]) => ConversationSummary[],
      act: () => Promise<void>,
      failure: string,
    ) => {
      const before = await changeList(client, change);
      try {
        await act();
      } catch (error) {
        client.setQueryData(LIST_KEY, before);
        toast.error(failure, { description: wordsOf(error) });
      }
      await client.invalidateQueries({ queryKey: LIST_KEY });
    },
    [client],
  );
  return useMemo(() => {
    const restore = async (id: string, title: string, wasShown: boolean) => {
      try {
        await api.restoreConversation(id);
        if (wasShown) navigate(`/c/${id}`);
      } catch (error) {
        toast.error(`“${title}” could not be brought back`, { description: wordsOf(error) });
      }
      await client.invalidateQueries({ queryKey: LIST_KEY });
    };
    return {
      rename: (id, title) =>
        attempt(
          (items) => items.map((item) => (item.conversation_id === id ? { ...item, title } : item)),
          async () => void (await api.changeConversation(id, { title })),
          "The conversation could not be renamed",
        ),
      pin: (id, pinned) =>
        attempt(
          (items) =>
            items.map((item) => (item.conversation_id === id ? { ...item, pinned } : item)),
          async () => void (await api.changeConversation(id, { pinned })),
          pinned
            ? "The conversation could not be pinned"
            : "The conversation could not be unpinned",
        ),
      remove: (id, title) =>
        attempt(
          (items) => items.filter((item) => item.conversation_id !== id),
          async () => {
            const { undo_until } = await api.deleteConversation(id);
            const wasShown = session.view().chat.key === id;
            session.discard(id);
            toast(`“${title}” was deleted`, {
              duration: Math.max(0, undo_until - Date.now()),
              action: { label: "Undo", onClick: () => void restore(id, title, wasShown) },
            });
          },
          "The conversation could not be deleted",
        ),
    };
  }, [api, attempt, client, navigate, session]);
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : "Try again in a moment.";
}
