/**
 * An answer's Markdown while it streams: unfinished marks are closed, raw HTML stays text, images
 * are never loaded, links say where they lead. Loaded lazily; until then the text shows as it is.
 */
import { ExternalLink } from "lucide-react";
import { useMemo } from "react";
import { harden } from "rehype-harden";
import { type Components, Streamdown } from "streamdown";
import { CitationChip } from "./CitationChip";
import { CITATION_TAG, rehypeCitations } from "./citations";

const components: Components = {
  [CITATION_TAG]: ({ id }) => <CitationChip id={String(id)} />,
  a: ({ href, children }) => <SafeLink href={href}>{children}</SafeLink>,
  img: ({ alt }) => <span className="text-muted">[image: {alt || "no description"}]</span>,
};

const hardening = [
  harden,
  {
    allowedLinkPrefixes: ["*"],
    allowedImagePrefixes: [],
    allowDataImages: false,
    defaultOrigin: "https://localhost",
    linkBlockPolicy: "text-only",
    imageBlockPolicy: "text-only",
  },
];

export interface MarkdownProps {
  readonly text: string;
  readonly streaming: boolean;
  /** Ids of the sources that markers may refer to. */
  readonly sourceIds: readonly string[];
}

export default function Markdown({ text, streaming, sourceIds }: MarkdownProps) {
  const known = sourceIds.join(",");
  const rehypePlugins = useMemo(
    () => [hardening, [rehypeCitations, { known: known.split(",") }]] as never,
    [known],
  );
  return (
    <Streamdown
      className="answer-text"
      components={components}
      controls={{ code: { copy: true, download: false }, table: false, image: false }}
      isAnimating={streaming}
      caret="block"
      lineNumbers={false}
      linkSafety={{ enabled: false }}
      dir="auto"
      mode={streaming ? "streaming" : "static"}
      rehypePlugins={rehypePlugins}
      remend={{ linkMode: "text-only" }}
      tableMaxHeight={0}
    >
      {text}
    </Streamdown>
  );
}

function SafeLink({ href, children }: { href?: string; children?: React.ReactNode }) {
  if (href === undefined || !/^(https?:|mailto:)/i.test(href)) return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={href}>
      {children}
      <ExternalLink aria-label="(opens in a new tab)" className="ml-0.5 inline size-3" />
    </a>
  );
}
