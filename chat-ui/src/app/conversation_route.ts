/** Keeps the address and the shown conversation in step: `/` is an empty one, `/c/ID` is that one. */
import { useEffect } from "react";
import { useLocation } from "wouter";
import { useSession, useView } from "../session/session_context";

const START = "/";
const CONVERSATION = /^\/c\/([A-Za-z0-9_-]{1,64})$/;

/** The address of a conversation by its key; of an empty one where the key is "". */
export function conversationPath(key: string): string {
  return key === "" ? START : `/c/${key}`;
}

/** The key of the conversation that an address stands for; `null` for any other page. */
export function conversationKey(path: string): string | null {
  return path === START ? "" : (CONVERSATION.exec(path)?.[1] ?? null);
}

export function useConversationRoute(): void {
  const session = useSession();
  const shown = useView(({ chat }) => chat.key);
  const [path, navigate] = useLocation();
  useEffect(() => {
    const wanted = conversationKey(path);
    if (wanted !== null && wanted !== session.view().chat.key) session.open(wanted);
  }, [session, path]);
  // The server names a conversation once it has accepted its first question, and a deleted one is
  // closed: then the address follows. It leads in all other cases.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a change of what is shown counts
  useEffect(() => {
    const current = conversationKey(path);
    if (current !== null && current !== shown && session.view().chat.key === shown) {
      navigate(conversationPath(shown), { replace: true });
    }
  }, [shown]);
}
