/** Saves a conversation as a file. */
import { useCallback } from "react";
import { useApi } from "../../api/api_context";
import type { Download } from "../../api/client";
import { useSession } from "../../session/session_context";
import { toast } from "../../ui/toast";
import { wordsOf } from "./conversation_changes";

/** Of the conversation that is shown the shown branch is exported, of others their newest one. */
export function useExport(): (id: string, format: "markdown" | "json") => Promise<void> {
  const api = useApi();
  const session = useSession();
  return useCallback(
    async (id, format) => {
      const { chat } = session.view();
      const leaf =
        chat.conversationId === id
          ? (chat.turns.findLast(({ answer }) => answer !== null)?.answer?.id ?? undefined)
          : undefined;
      try {
        download(await api.exportConversation(id, format, leaf));
      } catch (error) {
        toast.error("The conversation could not be exported", { description: wordsOf(error) });
      }
    },
    [api, session],
  );
}

function download({ content, name }: Download): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 0);
}
