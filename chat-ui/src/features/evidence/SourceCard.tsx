/** A source in short; it opens the document at the passage. */
import type { Source } from "../../protocol/wire";
import { useAnswerEvidence } from "./answer_evidence";
import { useSourcePanel } from "./opened_source";
import { placeOf, plainExcerpt } from "./place";

export function SourceCard({ source }: { readonly source: Source }) {
  const { turnId } = useAnswerEvidence();
  const { opened, open } = useSourcePanel();
  const current = opened?.turnId === turnId && opened.sourceId === source.id;
  return (
    <button
      type="button"
      aria-expanded={current}
      aria-current={current || undefined}
      className="source-card"
      onClick={() => open({ turnId, sourceId: source.id, at: null })}
    >
      <span className="sr-only">Open source </span>
      <span className="source-number">{source.id}</span>
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium text-sm leading-5">{source.title}</span>
        <span className="block truncate text-muted text-xs leading-5">
          {placeOf(source) || plainExcerpt(source.snippet)}
        </span>
      </span>
    </button>
  );
}
