import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useView } from "../../session/session_context";
import { Button } from "../../ui/Button";
import { Textarea } from "../../ui/Input";

/** Until the server has said its own. */
const USUAL_LIMIT = 4_000;

interface QuestionEditorProps {
  readonly question: string;
  /** The question to ask, or `null` to leave it as it is. */
  readonly onDone: (question: string | null) => void;
}

/** Enter asks, Shift+Enter breaks the line, Escape leaves the question as it was. */
export function QuestionEditor({ question, onDone }: QuestionEditorProps) {
  const limit = useView(({ chat }) => chat.limits?.question_chars ?? USUAL_LIMIT);
  const [text, setText] = useState(question);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(question.length, question.length);
  }, [question]);
  const trimmed = text.trim();
  const excess = [...trimmed].length - limit;
  const canAsk = trimmed !== "" && excess <= 0;
  const press = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") onDone(null);
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    if (canAsk) onDone(trimmed);
  };
  return (
    <form
      aria-label="Edit the question"
      className="ms-auto w-full max-w-xl"
      onSubmit={(event) => {
        event.preventDefault();
        if (canAsk) onDone(trimmed);
      }}
    >
      <Textarea
        ref={field}
        aria-label="Question"
        aria-invalid={excess > 0 || undefined}
        rows={Math.min(8, Math.max(2, text.split("\n").length))}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={press}
      />
      <div className="mt-2 flex items-center justify-end gap-2">
        <p className="me-auto text-muted text-xs" role={excess > 0 ? "alert" : undefined}>
          {excess > 0
            ? `${excess} characters too long; the limit is ${limit}.`
            : "The earlier wording stays; arrows switch between them."}
        </p>
        <Button variant="ghost" size="sm" onClick={() => onDone(null)}>
          Cancel
        </Button>
        <Button variant="primary" size="sm" type="submit" disabled={!canAsk}>
          Ask
        </Button>
      </div>
    </form>
  );
}
