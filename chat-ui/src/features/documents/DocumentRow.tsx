import { FileText } from "lucide-react";
import { Link } from "wouter";
import type { DocumentSummary } from "../../api/schema";
import { Badge } from "../../ui/Badge";
import { documentPath, factsOf, restrictedTo } from "./words";

export function DocumentRow({ document }: { readonly document: DocumentSummary }) {
  return (
    <Link href={documentPath(document.document)} className="list-card group">
      <FileText aria-hidden className="mt-0.5 size-4.5 shrink-0 text-muted" />
      <span className="min-w-0 flex-1">
        <span dir="auto" className="block truncate font-medium group-hover:text-accent">
          {document.title}
        </span>
        <span className="mt-0.5 block text-muted text-xs leading-5">
          {factsOf(document, document.chunks).join(" · ")}
        </span>
      </span>
      {restrictedTo(document.groups).map((group) => (
        <Badge key={group}>{group}</Badge>
      ))}
    </Link>
  );
}
