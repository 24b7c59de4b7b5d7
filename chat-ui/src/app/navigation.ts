/** Where one can go, and how. */
import { useLocation } from "wouter";
import { useSession } from "../session/session_context";
import type { Shortcut } from "../ui/shortcuts";

export const NEW_CONVERSATION: Shortcut = {
  chord: "Mod+Shift+O",
  label: "New conversation",
  group: "Conversation",
};

/** Opens the empty page with the question box in focus. */
export function useStartConversation(): () => void {
  const session = useSession();
  const [path, navigate] = useLocation();
  return () => {
    session.open(null);
    if (path !== "/") navigate("/");
    focusQuestion();
  };
}

/** Once the page that holds the question box is there. */
export function focusQuestion(): void {
  requestAnimationFrame(() => document.getElementById("question")?.focus());
}
