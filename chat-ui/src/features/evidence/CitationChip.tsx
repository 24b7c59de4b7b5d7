import { useSourceFocus } from "./source_focus";

/** A marker in the text; it leads to its source. */
export function CitationChip({ id }: { readonly id: string }) {
  const { sources, choose } = useSourceFocus();
  const source = sources.find((candidate) => candidate.id === id);
  return (
    <button
      type="button"
      className="citation"
      aria-label={`Source ${id}${source ? `: ${source.title}` : ""}`}
      title={source?.title}
      onClick={() => choose(id)}
    >
      {id}
    </button>
  );
}
