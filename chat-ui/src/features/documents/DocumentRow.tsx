import { FileClock, FileText, FileWarning, FileX } from "lucide-react";
import { Link } from "wouter";
import type { DocumentSummary } from "../../api/schema";
import { Badge } from "../../ui/Badge";
import { type Progress, progressOf } from "./progress";
import { documentPath, factsOf, restrictedTo } from "./words";

export function DocumentRow({ document }: { readonly document: DocumentSummary }) {
  const progress = progressOf(document);
  const parts = <Parts document={document} progress={progress} />;
  // What the index does not hold has no page.
  if (document.chunks === 0 && progress !== null) return <div className="list-card">{parts}</div>;
  return (
    <Link href={documentPath(document.document)} className="list-card group">
      {parts}
    </Link>
  );
}

function Parts(props: { readonly document: DocumentSummary; readonly progress: Progress | null }) {
  const { document, progress } = props;
  const Icon = progress === null ? FileText : ICONS[progress.status];
  return (
    <>
      <Icon aria-hidden className="mt-0.5 size-4.5 shrink-0 text-muted" />
      <span className="min-w-0 flex-1">
        <span dir="auto" className="block truncate font-medium group-hover:text-accent">
          {document.title}
        </span>
        <span className="mt-0.5 block text-muted text-xs leading-5">
          {document.chunks > 0 && factsOf(document, document.chunks).join(" · ")}
          {progress?.words != null && (
            <span className="block wrap-anywhere first-letter:uppercase" dir="auto">
              {progress.words}
            </span>
          )}
        </span>
      </span>
      {restrictedTo(document.groups).map((group) => (
        <Badge key={group}>{group}</Badge>
      ))}
      {progress !== null && <Badge tone={progress.tone}>{progress.label}</Badge>}
    </>
  );
}

const ICONS = {
  queued: FileClock,
  indexing: FileClock,
  failed: FileWarning,
  removed: FileX,
} as const;
