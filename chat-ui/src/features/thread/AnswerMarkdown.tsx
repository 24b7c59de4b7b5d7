/**
 * An answer's Markdown while it streams: unfinished marks are closed, raw HTML stays text, images
 * are never loaded, links say where they lead. Loaded lazily; until then the text shows as it is.
 */
import { ExternalLink } from "lucide-react";
import { createElement, type JSX, type ReactNode, useMemo } from "react";
import { harden } from "rehype-harden";
import { type Components, type ExtraProps, Streamdown } from "streamdown";
import { CitationChip } from "../evidence/CitationChip";
import { CITATION_TAG, rehypeCitations } from "../evidence/citations";

/** Elements as they are: their looks are in styles.css, their meaning stays for assistive technology. */
function plain<Tag extends "ul" | "ol" | "li" | "strong" | "thead" | "tbody" | "tr" | "th" | "td">(
  Name: Tag,
) {
  return ({ node: _node, className: _class, ...props }: JSX.IntrinsicElements[Tag] & ExtraProps) =>
    createElement(Name, props);
}

const components: Components = {
  [CITATION_TAG]: ({ id }) => <CitationChip id={String(id)} />,
  a: ({ href, children }) => <SafeLink href={href}>{children}</SafeLink>,
  img: ({ alt }) => <span className="text-muted">[image: {alt || "no description"}]</span>,
  table: ({ children }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keyboard as well
    <section className="table-frame" aria-label="Table" tabIndex={0}>
      <table>{children}</table>
    </section>
  ),
  ul: plain("ul"),
  ol: plain("ol"),
  li: plain("li"),
  strong: plain("strong"),
  thead: plain("thead"),
  tbody: plain("tbody"),
  tr: plain("tr"),
  th: plain("th"),
  td: plain("td"),
  h1: ({ children }) => <h3>{children}</h3>,
  h2: ({ children }) => <h3>{children}</h3>,
  h3: ({ children }) => <h4>{children}</h4>,
  h4: ({ children }) => <h4>{children}</h4>,
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
    <div dir="auto">
      <Streamdown
        className={streaming ? "answer-text answer-streaming" : "answer-text"}
        components={components}
        controls={{ code: { copy: true, download: false }, table: false, image: false }}
        isAnimating={streaming}
        lineNumbers={false}
        linkSafety={{ enabled: false }}
        mode={streaming ? "streaming" : "static"}
        rehypePlugins={rehypePlugins}
        remend={{ linkMode: "text-only" }}
      >
        {text}
      </Streamdown>
    </div>
  );
}

function SafeLink({ href, children }: { href?: string; children?: ReactNode }) {
  if (href === undefined || !/^(https?:|mailto:)/i.test(href)) return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={href}>
      {children}
      <ExternalLink aria-label="(opens in a new tab)" className="ml-0.5 inline size-3" />
    </a>
  );
}
