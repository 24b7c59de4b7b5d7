import { useState } from "react";
import type { Feedback, FeedbackReason } from "../../chat/conversation";
import { Button } from "../../ui/Button";
import { Textarea } from "../../ui/Input";

const REASONS: readonly (readonly [FeedbackReason, string])[] = [
  ["wrong", "It is wrong"],
  ["incomplete", "Something is missing"],
  ["citation", "The sources do not say so"],
  ["outdated", "It is outdated"],
  ["unsafe", "It is harmful"],
  ["other", "Something else"],
];
const MOST_CHARS = 2_000;

interface FeedbackFormProps {
  readonly feedback: Feedback | null;
  /** The thumbs down with its reason, or `null` where none was given. */
  readonly onDone: (feedback: Feedback | null) => void;
}

export function FeedbackForm({ feedback, onDone }: FeedbackFormProps) {
  const [reason, setReason] = useState<FeedbackReason | undefined>(feedback?.reason);
  const [comment, setComment] = useState(feedback?.comment ?? "");
  const words = comment.trim();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onDone({ rating: "down", reason, comment: words === "" ? undefined : words });
      }}
    >
      <fieldset>
        <legend className="font-medium text-ink text-sm">What was wrong?</legend>
        <div className="mt-2 grid gap-1">
          {REASONS.map(([value, label]) => (
            <label key={value} className="flex items-center gap-2.5 rounded-md py-1 text-sm">
              <input
                type="radio"
                name="reason"
                value={value}
                checked={reason === value}
                onChange={() => setReason(value)}
                className="size-4 accent-accent"
              />
              {label}
            </label>
          ))}
        </div>
      </fieldset>
      <Textarea
        aria-label="What should it have said? (optional)"
        placeholder="What should it have said? (optional)"
        className="mt-2"
        maxLength={MOST_CHARS}
        value={comment}
        onChange={(event) => setComment(event.target.value)}
      />
      <div className="mt-3 flex justify-end gap-2">
        <Button variant="ghost" size="sm" onClick={() => onDone(null)}>
          Skip
        </Button>
        <Button
          variant="primary"
          size="sm"
          type="submit"
          disabled={reason === undefined && words === ""}
        >
          Send
        </Button>
      </div>
    </form>
  );
}
