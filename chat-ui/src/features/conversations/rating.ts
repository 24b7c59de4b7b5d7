import { useCallback } from "react";
import { useApi } from "../../api/api_context";
import type { Feedback } from "../../chat/conversation";
import { useSession } from "../../session/session_context";
import { toast } from "../../ui/toast";
import { wordsOf } from "./conversation_changes";

/** Judges an answer: shown at once, taken back with a word where the server did not take it. */
export function useRating(
  answerId: string,
  before: Feedback | null,
): (feedback: Feedback | null) => Promise<void> {
  const api = useApi();
  const session = useSession();
  return useCallback(
    async (feedback) => {
      session.rate(answerId, feedback);
      try {
        await api.giveFeedback(answerId, feedback ?? { rating: null });
        if (feedback?.reason !== undefined || feedback?.comment !== undefined) {
          toast("Thank you. Your feedback was noted.");
        }
      } catch (error) {
        session.rate(answerId, before);
        toast.error("Your feedback was not noted", { description: wordsOf(error) });
      }
    },
    [api, session, answerId, before],
  );
}
