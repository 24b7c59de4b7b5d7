/**
 * Markdown from an untrusted writer, also while it is being written: unfinished marks are closed,
 * raw HTML stays text, images are never loaded. Only blocks that change render again. Load it
 * lazily; until then show the text as it is.
 */
import { createContext, useContext, useEffect, useMemo, useState } from "react";
import { harden } from "rehype-harden";
import { Block, type BlockProps, type Components, type MathPlugin, Streamdown } from "streamdown";
import { elements } from "./elements";
import { hasMath, withDollars } from "./math_delimiters";
import { Placement } from "./placement";
import { rehypeRanges, type SourceRange } from "./ranges";
import { rehypeWebLinks } from "./web_links";

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
const rehypePlugins = [rehypeWebLinks, hardening] as BlockProps["rehypePlugins"];
const controls = { code: { copy: true, download: false }, table: false, image: false } as const;
const remend = { linkMode: "text-only" } as const;
const linkSafety = { enabled: false } as const;
const translations = { copyCode: "Copy code" } as const;
const NO_RANGES: readonly SourceRange[] = [];

const PlacementContext = createContext(new Placement());

export default function Markdown(props: MarkdownProps) {
  const { text, streaming = false, ranges = NO_RANGES, components, className } = props;
  // Not a value of the context that changes with every frame: hundreds of blocks stay as they are.
  const [placement] = useState(() => new Placement());
  placement.setRanges(ranges);
  const math = useMath(text);
  const all = useMemo(() => ({ ...elements, ...components }), [components]);
  return (
    <PlacementContext value={placement}>
      <div dir="auto">
        <Streamdown
          BlockComponent={PlacedBlock}
          className={className}
          components={all}
          controls={controls}
          data-ranges={ranges.length}
          isAnimating={streaming}
          lineNumbers={false}
          linkSafety={linkSafety}
          parseIncompleteMarkdown={streaming}
          parseMarkdownIntoBlocksFn={placement.parse}
          plugins={math}
          rehypePlugins={rehypePlugins}
          remend={remend}
          translations={translations}
        >
          {withDollars(text)}
        </Streamdown>
      </div>
    </PlacementContext>
  );
}

/** A block with the ranges that fall into it. */
function PlacedBlock(props: BlockProps) {
  const ranges = useContext(PlacementContext).rangesIn(props.index);
  const { rehypePlugins: given } = props;
  const plugins = useMemo(
    () => (ranges.length === 0 ? given : [[rehypeRanges, { ranges }], ...(given ?? [])]),
    [ranges, given],
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
