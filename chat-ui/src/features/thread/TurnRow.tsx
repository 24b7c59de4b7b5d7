/** One question with its answer. */
import { memo } from "react";
import type { Turn } from "../../chat/conversation";
import { useTurn } from "../../session/session_context";
import { Answer } from "./Answer";
import { useThreadSlots } from "./slots";

export interface TurnRowProps {
  readonly id: string;
  /** Counting from 1. */
  readonly number: number;
  readonly count: number;
  readonly isLast: boolean;
}

export const TurnRow = memo(function TurnRow({ id, number, count, isLast }: TurnRowProps) {
  const { Question = PlainQuestion } = useThreadSlots();
  const turn = useTurn(id);
  if (turn === undefined) return null;
  return (
    <section
      aria-label={`Question ${number} of ${count}`}
      className="column group/turn pt-turn pb-2"
    >
      <h2 className="sr-only">Question {number}</h2>
      <Question turn={turn} />
      <Answer turn={turn} isLast={isLast} />
    </section>
  );
});

/** The question as it was asked. */
export function PlainQuestion({ turn }: { readonly turn: Turn }) {
  return (
    <div className="flex justify-end">
      <div className="question" dir="auto">
        <span className="sr-only">You asked: </span>
        {turn.question}
      </div>
    </div>
  );
}
