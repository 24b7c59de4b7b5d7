/** One question with its answer. */
import { memo } from "react";
import type { Turn } from "../../chat/conversation";
import { Answer } from "./Answer";
import { useThreadSlots } from "./slots";

export interface TurnRowProps {
  readonly turn: Turn;
  /** Counting from 1. */
  readonly number: number;
  readonly count: number;
  readonly isLast: boolean;
}

export const TurnRow = memo(function TurnRow({ turn, number, count, isLast }: TurnRowProps) {
  const { Question = PlainQuestion } = useThreadSlots();
  return (
    <section aria-label={`Question ${number} of ${count}`} className="column group/turn pt-8">
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
