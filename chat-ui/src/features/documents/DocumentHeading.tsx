import { ExternalLink } from "lucide-react";
import type { Document } from "../../api/schema";
import { Badge } from "../../ui/Badge";
import { counted, factsOf, restrictedTo } from "./words";

export function DocumentHeading({ document }: { readonly document: Document }) {
  const { title, document: id, url, sections, groups } = document;
  const facts = factsOf(document, document.chunk_count);
  return (
    <div>
      <h1 dir="auto" className="text-balance font-semibold text-xl tracking-tight sm:text-2xl">
        {title}
      </h1>
      <p className="mt-1.5 text-muted text-sm">
        {[...facts, ...(sections.length > 0 ? [counted(sections.length, "section")] : [])].join(
          " · ",
        )}
      </p>
      <div className="mt-2 flex flex-wrap items-center gap-x-4 gap-y-1.5 text-sm">
        <code className="wrap-anywhere text-muted text-xs">{id}</code>
        {restrictedTo(groups).map((group) => (
          <Badge key={group}>Only for {group}</Badge>
        ))}
        {url != null && /^https?:/i.test(url) && (
          <a
            href={url}
            target="_blank"
            rel="noopener noreferrer"
            className="inline-flex items-center gap-1.5 font-medium text-accent underline-offset-2 hover:underline"
          >
            Open the original
            <ExternalLink aria-label="(opens in a new tab)" className="size-3.5" />
          </a>
        )}
      </div>
    </div>
  );
}
