/** The cited chunk with what stands around it, the cited words marked; more on request. */
import { ChevronDown, ChevronUp } from "lucide-react";
import { lazy, type ReactNode, Suspense, useEffect, useRef } from "react";
import type { Components } from "streamdown";
import type { Citation, Source } from "../../protocol/wire";
import { CITED, excerptOf } from "./excerpt";
import { plainExcerpt } from "./place";
import { useSurroundings } from "./surroundings";

const Markdown = lazy(() => import("../../ui/markdown/Markdown"));

const components: Components = {
  [CITED]: ({ children }) => <mark className="cited-span">{children as ReactNode}</mark>,
};

interface DocumentExcerptProps {
  readonly source: Source;
  readonly citation: Citation | null;
}

export function DocumentExcerpt({ source, citation }: DocumentExcerptProps) {
  const around = useSurroundings(source);
  const body = useRef<HTMLDivElement>(null);
  const loaded = around.pieces.length > 0;
  useEffect(() => {
    if (!loaded) return;
    // The renderer is fetched lazily, so that the marks come a little later than the text.
    return whenPresent(body.current, "mark", (mark) => mark.scrollIntoView({ block: "center" }));
  }, [loaded]);
  if (around.problem !== null) {
    return (
      <Fallback source={source} citation={citation}>
        <p role="alert" className="notice notice-warn">
          <span className="min-w-0 flex-1">{around.problem}</span>
          {around.retry !== null && (
            <button type="button" className="text-button" onClick={around.retry}>
              Try again
            </button>
          )}
        </p>
      </Fallback>
    );
  }
  if (!loaded) {
    return (
      <Fallback source={source} citation={citation}>
        <p role="status" className="sr-only">
          Loading the document
        </p>
      </Fallback>
    );
  }
  const { text, ranges } = excerptOf(around.pieces, citation ?? around.whole);
  return (
    <div ref={body} className="min-h-0 flex-1 overflow-y-auto px-4 py-4">
      {around.showBefore !== null && (
        <button type="button" className="more-button mb-3" onClick={around.showBefore}>
          <ChevronUp aria-hidden className="size-3.5" />
          Show what stands before
        </button>
      )}
      <Suspense fallback={<p className="whitespace-pre-wrap text-sm leading-6">{text}</p>}>
        <Markdown
          text={text}
          ranges={ranges}
          components={components}
          className="answer-text document-text"
        />
      </Suspense>
      {around.showAfter !== null && (
        <button type="button" className="more-button mt-3" onClick={around.showAfter}>
          <ChevronDown aria-hidden className="size-3.5" />
          Show what follows
        </button>
      )}
    </div>
  );
}

/** What the answer itself brought of the source. */
function Fallback({ source, citation, children }: DocumentExcerptProps & { children: ReactNode }) {
  return (
    <div className="min-h-0 flex-1 overflow-y-auto px-4 py-4">
      {children}
      <blockquote className="cited-quote mt-3" dir="auto">
        {plainExcerpt(citation?.quote || source.snippet)}
      </blockquote>
    </div>
  );
}

/** Calls `act` with the first element that matches, now or once it comes. Returns what gives up. */
function whenPresent(
  root: HTMLElement | null,
  selector: string,
  act: (element: Element) => void,
): (() => void) | undefined {
  const present = root?.querySelector(selector);
  if (present) return void act(present);
  if (root === null) return;
  const observer = new MutationObserver(() => {
    const element = root.querySelector(selector);
    if (element === null) return;
    observer.disconnect();
    act(element);
  });
  observer.observe(root, { childList: true, subtree: true });
  return () => observer.disconnect();
}
