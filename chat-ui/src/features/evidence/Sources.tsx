/** The passages an answer rests on, numbered as its markers are. */
import { ChevronRight, ExternalLink } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { Source } from "../../protocol/wire";
import { useSourceFocus } from "./source_focus";

interface SourcesProps {
  /** Ids that the text cites. */
  readonly cited: readonly string[];
  readonly streaming: boolean;
}

export function Sources({ cited, streaming }: SourcesProps) {
  const { sources, chosen } = useSourceFocus();
  const used = streaming ? [] : sources.filter(({ id }) => cited.includes(id));
  const others = sources.filter((source) => !used.includes(source));
  const [open, setOpen] = useState(false);
  const wanted = chosen !== null && others.some(({ id }) => id === chosen.id);
  useEffect(() => {
    if (wanted) setOpen(true);
  }, [wanted]);
  if (sources.length === 0) return null;
  return (
    <section aria-label="Sources" className="mt-5">
      {used.length > 0 && (
        <>
          <h3 className="mb-2 font-medium text-muted text-xs">Sources</h3>
          <SourceList sources={used} />
        </>
      )}
      {others.length > 0 && (
        <details
          open={open}
          onToggle={(event) => setOpen(event.currentTarget.open)}
          className="group mt-2 text-sm"
        >
          <summary className="inline-flex cursor-pointer list-none items-center gap-1 rounded py-1 text-muted text-xs hover:text-ink">
            <ChevronRight aria-hidden className="size-3.5 transition group-open:rotate-90" />
            {othersLabel(others.length, used.length > 0)}
          </summary>
          <div className="mt-2">
            <SourceList sources={others} />
          </div>
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
    <ol className="grid gap-1.5">
      {sources.map((source) => (
        <SourceItem key={source.id} source={source} />
      ))}
    </ol>
  );
}

function SourceItem({ source }: { readonly source: Source }) {
  const { chosen } = useSourceFocus();
  const [expanded, setExpanded] = useState(false);
  const item = useRef<HTMLLIElement>(null);
  const choice = chosen?.id === source.id ? chosen.at : null;
  useEffect(() => {
    if (choice === null) return;
    setExpanded(true);
    // After the list that holds the item has opened.
    requestAnimationFrame(() => {
      item.current?.scrollIntoView({ block: "nearest", behavior: "smooth" });
      item.current?.focus({ preventScroll: true });
    });
  }, [choice]);
  return (
    <li
      ref={item}
      tabIndex={-1}
      aria-current={choice !== null || undefined}
      className="source-card"
    >
      <span aria-hidden className="source-number">
        {source.id}
      </span>
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-baseline gap-x-2 text-sm leading-5">
          <span className="sr-only">Source {source.id}: </span>
          <SourceTitle source={source} />
          <span className="text-muted text-xs">{placeOf(source)}</span>
        </p>
        <button
          type="button"
          aria-expanded={expanded}
          onClick={() => setExpanded(!expanded)}
          className="mt-0.5 block w-full cursor-pointer text-left text-muted text-xs leading-5 hover:text-ink"
        >
          <span className={expanded ? "" : "line-clamp-2"}>{plainSnippet(source.snippet)}</span>
        </button>
      </div>
    </li>
  );
}

function SourceTitle({ source }: { readonly source: Source }) {
  if (!source.url || !/^https?:/i.test(source.url)) {
    return <span className="font-medium">{source.title}</span>;
  }
  return (
    <a
      href={source.url}
      target="_blank"
      rel="noopener noreferrer"
      className="font-medium hover:text-accent hover:underline"
    >
      {source.title}
      {"\u00a0"}
      <ExternalLink
        aria-label="(opens in a new tab)"
        className="inline size-3 align-baseline text-muted"
      />
    </a>
  );
}

/** Page and section as words; empty where neither is known. */
function placeOf({ page, section }: Source): string {
  const path = section ? section.replaceAll(" > ", " › ") : null;
  const parts = [page == null ? null : `p. ${page}`, path];
  return parts.filter((part) => part !== null).join(" · ");
}

/** Table cells of an excerpt, set apart by dots instead of Markdown's bars. */
function plainSnippet(snippet: string): string {
  return snippet.replace(/(\s*\|[\s:|-]*)+/g, " · ").replace(/^ · | · $/g, "");
}
