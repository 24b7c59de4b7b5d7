/** One passage as it is indexed: what an answer can cite. */
import { Link2 } from "lucide-react";
import type { Chunk, Document } from "../../api/schema";
import { IconButton } from "../../ui/Button";
import { cn } from "../../ui/cn";
import { TextWithTables } from "../../ui/TextWithTables";
import { toast } from "../../ui/toast";
import { documentPath, sectionWords } from "./words";

export interface PassageProps {
  readonly chunk: Chunk;
  readonly document: Pick<Document, "document">;
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
      <TextWithTables text={text} />
    </article>
  );
}
