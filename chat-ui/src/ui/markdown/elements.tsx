/** How the elements of Markdown look, and what of them is never shown: images, unsafe addresses. */
import { ExternalLink } from "lucide-react";
import { createElement, type JSX, type ReactNode } from "react";
import type { Components, ExtraProps } from "streamdown";

type PlainTag = "ul" | "ol" | "li" | "strong" | "thead" | "tbody" | "tr" | "th" | "td";

/** Elements as they are: their looks are in the style sheet, their meaning stays for assistive technology. */
function plain<Tag extends PlainTag>(Name: Tag) {
  return ({ node: _node, className: _class, ...props }: JSX.IntrinsicElements[Tag] & ExtraProps) =>
    createElement(Name, props);
}

export const elements: Components = {
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

function SafeLink({ href, children }: { href?: string; children?: ReactNode }) {
  if (href === undefined || !/^(https?:|mailto:)/i.test(href)) return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={href}>
      {children}
      <ExternalLink aria-label="(opens in a new tab)" className="ml-0.5 inline size-3" />
    </a>
  );
}
