/** One passage as it is indexed: what an answer can cite. */
import { Link2 } from "lucide-react";
import { lazy, Suspense } from "react";
import type { Chunk, Document } from "../../api/schema";
import { IconButton } from "../../ui/Button";
import { cn } from "../../ui/cn";
import { toast } from "../../ui/toast";
import { documentPath, sectionWords } from "./words";

const Markdown = lazy(() => import("../../ui/markdown/Markdown"));

export interface PassageProps {
  readonly chunk: Chunk;
  readonly document: Pick<Document, "document" | "format">;
  /** The address leads to it. */
  readonly chosen: boolean;
  /** It goes on in the section of the passage before. */
  readonly continued: boolean;
}

export function Passage({ chunk, document, chosen, continued }: PassageProps) {
  const { n, page, section, text } = chunk;
  const place = [
    `Passage ${n + 1}`,
    ...(page == null ? [] : [`p. ${page}`]),
    ...(section == null || continued ? [] : [sectionWords(section)]),
  ];
  const copy = () => {
    const address = new URL(documentPath(document.document, n), window.location.href);
    void navigator.clipboard
      .writeText(address.href)
      .then(() => toast("The passage's address is copied."));
  };
  return (
    <article
      aria-label={`Passage ${n + 1}`}
      aria-current={chosen || undefined}
      className={cn("passage", chosen && "border-accent")}
    >
      <header className="flex min-h-6 items-center justify-between gap-3 text-muted text-xs">
        <span className="min-w-0 truncate">{place.join(" · ")}</span>
        <IconButton label={`Copy the address of passage ${n + 1}`} size="xs" onClick={copy}>
          <Link2 aria-hidden />
        </IconButton>
      </header>
      {document.format === "md" ? (
        <Suspense fallback={<Plain text={text} />}>
          <Markdown text={text} className="answer-text text-[0.9375rem] leading-7" />
        </Suspense>
      ) : (
        <Plain text={text} />
      )}
    </article>
  );
}

function Plain({ text }: { readonly text: string }) {
  return (
    <p dir="auto" className="wrap-anywhere whitespace-pre-wrap text-[0.9375rem] leading-7">
      {text}
    </p>
  );
}
