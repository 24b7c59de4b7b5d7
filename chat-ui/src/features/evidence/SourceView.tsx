/** Head and body of the source panel: which source, where it stands, its words in their place. */
import { ExternalLink, FileText, X } from "lucide-react";
import { Link } from "wouter";
import type { Citation, Source } from "../../protocol/wire";
import { IconButton } from "../../ui/Button";
import { DocumentExcerpt } from "./DocumentExcerpt";
import { type OpenedSource, useSourcePanel } from "./opened_source";
import { placeOf, safeAddress } from "./place";

interface SourceViewProps {
  readonly opened: OpenedSource;
  readonly source: Source;
  readonly sources: readonly Source[];
  readonly citation: Citation | null;
}

export function SourceView({ opened, source, sources, citation }: SourceViewProps) {
  const { close } = useSourcePanel();
  const address = safeAddress(source.url);
  return (
    <>
      <header className="flex items-start gap-3 border-line border-b px-4 py-3">
        <div className="min-w-0 flex-1">
          <h2 className="text-pretty font-semibold leading-6">{source.title}</h2>
          <p className="text-muted text-xs leading-5">{placeOf(citation ?? source)}</p>
          <p className="mt-1.5 flex flex-wrap gap-x-4 gap-y-1 text-xs">
            <Link href={`/documents/${encodeURIComponent(source.document)}`} className="panel-link">
              <FileText aria-hidden className="size-3.5" />
              Whole document
            </Link>
            {address !== null && (
              <a href={address} target="_blank" rel="noopener noreferrer" className="panel-link">
                Original
                <ExternalLink aria-label="(opens in a new tab)" className="size-3" />
              </a>
            )}
          </p>
        </div>
        <IconButton label="Close the source" size="sm" onClick={close}>
          <X aria-hidden />
        </IconButton>
      </header>
      {sources.length > 1 && <SourceTabs opened={opened} sources={sources} />}
      <DocumentExcerpt key={`${source.id}:${opened.at}`} source={source} citation={citation} />
    </>
  );
}

/** The other sources of the same answer, one click away. */
function SourceTabs(props: { readonly opened: OpenedSource; readonly sources: readonly Source[] }) {
  const { opened, sources } = props;
  const { open } = useSourcePanel();
  return (
    <nav
      aria-label="Sources of this answer"
      className="flex flex-wrap gap-1 border-line border-b px-4 py-2"
    >
      {sources.map(({ id, title }) => (
        <button
          key={id}
          type="button"
          className="source-tab"
          title={title}
          aria-label={`Source ${id}: ${title}`}
          aria-current={id === opened.sourceId || undefined}
          onClick={() => open({ turnId: opened.turnId, sourceId: id, at: null })}
        >
          {id}
        </button>
      ))}
    </nav>
  );
}
