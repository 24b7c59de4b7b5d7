/** `/documents` and `/documents/:id`. */
import { ArrowLeft } from "lucide-react";
import { useRef } from "react";
import { Link } from "wouter";
import { DocumentsView } from "../../features/documents/DocumentsView";
import { DocumentView } from "../../features/documents/DocumentView";
import { PageHeader } from "../shell/PageHeader";

export default function DocumentsPage({ id }: { readonly id: string | null }) {
  const scroller = useRef<HTMLElement>(null);
  return (
    <>
      <PageHeader
        title={id === null ? "Documents" : <AllDocuments />}
        documentTitle={id?.split("/").at(-1) ?? "Documents"}
      />
      <main id="main" tabIndex={-1} ref={scroller} key={id} className="page-scroll">
        {id === null ? (
          <DocumentsView scroller={scroller} />
        ) : (
          <DocumentView id={id} scroller={scroller} />
        )}
      </main>
    </>
  );
}

function AllDocuments() {
  return (
    <Link
      href="/documents"
      className="-ms-1 inline-flex items-center gap-1.5 rounded-lg px-1 font-medium text-muted text-sm hover:text-ink"
    >
      <ArrowLeft aria-hidden className="size-4 rtl:-scale-x-100" />
      All documents
    </Link>
  );
}
