/** The passages an answer rests on, numbered as its marks are; those found but not cited apart. */
import { ChevronRight } from "lucide-react";
import { useState } from "react";
import type { Source } from "../../protocol/wire";
import { useAnswerEvidence } from "./answer_evidence";
import { SourceCard } from "./SourceCard";

export function Sources() {
  const { sources, cited, streaming } = useAnswerEvidence();
  const [open, setOpen] = useState(false);
  if (streaming || sources.length === 0) return null;
  const used = sources.filter(({ id }) => cited.includes(id));
  const others = sources.filter(({ id }) => !cited.includes(id));
  return (
    <section aria-label="Sources" className="mt-4">
      {used.length > 0 && <SourceList sources={used} />}
      {others.length > 0 && (
        <details
          open={open}
          onToggle={(event) => setOpen(event.currentTarget.open)}
          className="group/others mt-2 text-sm"
        >
          <summary className="inline-flex min-h-6 cursor-pointer list-none items-center gap-1 rounded text-muted text-xs hover:text-ink">
            <ChevronRight
              aria-hidden
              className="size-3.5 transition group-open/others:rotate-90 rtl:-scale-x-100"
            />
            {othersLabel(others.length, used.length > 0)}
          </summary>
          {open && (
            <div className="mt-2">
              <SourceList sources={others} />
            </div>
          )}
        </details>
      )}
    </section>
  );
}

function othersLabel(count: number, besidesCited: boolean): string {
  const passages = `${count} ${count === 1 ? "passage" : "passages"}`;
  return besidesCited ? `${passages} found but not cited` : `${passages} found`;
}

function SourceList({ sources }: { readonly sources: readonly Source[] }) {
  return (
    <ol className="grid gap-2 sm:grid-cols-2">
      {sources.map((source) => (
        <li key={source.id} className="flex min-w-0">
          <SourceCard source={source} />
        </li>
      ))}
    </ol>
  );
}
