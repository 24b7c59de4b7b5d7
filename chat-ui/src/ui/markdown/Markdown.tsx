/**
 * Markdown from an untrusted writer, also while it is being written: unfinished marks are closed,
 * raw HTML stays text, images are never loaded. Only blocks that change render again. Load it
 * lazily; until then show the text as it is.
 */
import { createContext, useContext, useEffect, useMemo, useState } from "react";
import { harden } from "rehype-harden";
import { Block, type BlockProps, type Components, type MathPlugin, Streamdown } from "streamdown";
import { type BlockParser, createBlockParser } from "./block_starts";
import { elements } from "./elements";
import { hasMath, withDollars } from "./math_delimiters";
import { rehypeRanges, type SourceRange } from "./ranges";

export interface MarkdownProps {
  readonly text: string;
  readonly streaming?: boolean;
  /** Parts of `text` that are shown by an element of their own. */
  readonly ranges?: readonly SourceRange[];
  /** Components of the elements that `ranges` name; the same object at every render. */
  readonly components?: Components;
  readonly className?: string;
}

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
const rehypePlugins = [hardening] as BlockProps["rehypePlugins"];
const controls = { code: { copy: true, download: false }, table: false, image: false } as const;
const remend = { linkMode: "text-only" } as const;
const linkSafety = { enabled: false } as const;
const translations = { copyCode: "Copy code" } as const;
const NO_RANGES: readonly SourceRange[] = [];

const Placement = createContext<{
  readonly parser: BlockParser;
  readonly ranges: readonly SourceRange[];
}>({ parser: createBlockParser(), ranges: NO_RANGES });

export default function Markdown(props: MarkdownProps) {
  const { text, streaming = false, ranges = NO_RANGES, components, className } = props;
  const [parser] = useState(createBlockParser);
  const math = useMath(text);
  const placement = useMemo(() => ({ parser, ranges }), [parser, ranges]);
  const all = useMemo(() => ({ ...elements, ...components }), [components]);
  return (
    <Placement value={placement}>
      <div dir="auto">
        <Streamdown
          BlockComponent={PlacedBlock}
          className={className}
          components={all}
          controls={controls}
          isAnimating={streaming}
          lineNumbers={false}
          linkSafety={linkSafety}
          parseIncompleteMarkdown={streaming}
          parseMarkdownIntoBlocksFn={parser.parse}
          plugins={math}
          rehypePlugins={rehypePlugins}
          remend={remend}
          translations={translations}
        >
          {withDollars(text)}
        </Streamdown>
      </div>
    </Placement>
  );
}

/** A block with the ranges that fall into it. */
function PlacedBlock(props: BlockProps) {
  const { parser, ranges } = useContext(Placement);
  const start = parser.startOf(props.index);
  const end = start + props.content.length;
  const here = ranges
    .filter((range) => range.start < end && range.end > start)
    .map((range) => ({ ...range, start: range.start - start, end: range.end - start }));
  // By value: a block whose ranges are the same does not render again.
  const key = here.length === 0 ? "" : JSON.stringify(here);
  const { rehypePlugins: given } = props;
  const plugins = useMemo(
    () => (key === "" ? given : [[rehypeRanges, { ranges: JSON.parse(key) }], ...(given ?? [])]),
    [key, given],
  ) as BlockProps["rehypePlugins"];
  return <Block {...props} rehypePlugins={plugins} />;
}

/** The renderer of formulas, fetched when a text has one. */
function useMath(text: string): { readonly math: MathPlugin } | undefined {
  const [plugins, setPlugins] = useState<{ readonly math: MathPlugin }>();
  const wanted = hasMath(text);
  useEffect(() => {
    if (!wanted) return;
    let gone = false;
    void import("./math").then(({ math }) => {
      if (!gone) setPlugins({ math });
    });
    return () => {
      gone = true;
    };
  }, [wanted]);
  return wanted ? plugins : undefined;
}
