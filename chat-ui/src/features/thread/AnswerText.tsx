/** The words of an answer with their evidence; as they stand until the renderer has been fetched. */
import { lazy, Suspense, useMemo } from "react";
import { useEvidenceRanges } from "../evidence/answer_evidence";
import { evidenceComponents } from "../evidence/components";

const loadMarkdown = () => import("../../ui/markdown/Markdown");
const Markdown = lazy(loadMarkdown);

/** Fetches the renderer before the first answer needs it. */
export function preloadMarkdown(): void {
  void loadMarkdown();
}

interface AnswerTextProps {
  readonly text: string;
  readonly streaming: boolean;
}

export function AnswerText({ text, streaming }: AnswerTextProps) {
  const ranges = useEvidenceRanges(text);
  const className = streaming ? "answer-text answer-streaming" : "answer-text";
  const fallback = useMemo(
    () => (
      <div className="answer-text whitespace-pre-wrap" dir="auto">
        {text}
      </div>
    ),
    [text],
  );
  if (text === "") return null;
  return (
    <Suspense fallback={fallback}>
      <Markdown
        text={text}
        streaming={streaming}
        ranges={ranges}
        components={evidenceComponents}
        className={className}
      />
    </Suspense>
  );
}
