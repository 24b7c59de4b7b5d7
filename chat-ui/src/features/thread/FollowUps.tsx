/** Questions to go on with, after a complete answer. */
import { CornerDownRight } from "lucide-react";
import type { Turn } from "../../chat/conversation";
import { useSession, useView } from "../../session/session_context";
import { citedIds } from "../evidence/answer_ranges";
import { followUps } from "./follow_ups";

export function FollowUps({ turn }: { readonly turn: Turn }) {
  const session = useSession();
  const turns = useView(({ chat }) => chat.turns);
  const { answer } = turn;
  if (answer?.end?.state !== "done") return null;
  const asked = turns.map(({ question }) => question);
  const questions = followUps(answer.sources, citedIds(answer.text), asked);
  if (questions.length === 0) return null;
  return (
    <section aria-label="Follow-up questions" className="mt-5">
      <ul className="grid gap-1">
        {questions.map((question) => (
          <li key={question} className="flex">
            <button type="button" className="follow-up" onClick={() => session.ask(question)}>
              <CornerDownRight aria-hidden className="size-3.5 shrink-0 rtl:-scale-x-100" />
              <span className="min-w-0 flex-1">{question}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
