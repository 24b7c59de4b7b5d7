/** Brings a reader who has scrolled up back to the end of the last answer. */
import { ArrowDown } from "lucide-react";
import { type RefObject, useEffect, useState } from "react";

interface JumpToLatestProps {
  readonly viewport: HTMLElement;
  /** The end of the last answer. */
  readonly latest: RefObject<HTMLElement | null>;
  readonly onJump: () => void;
}

export function JumpToLatest({ viewport, latest, onJump }: JumpToLatestProps) {
  const below = useIsBelow(viewport, latest);
  if (!below) return null;
  return (
    <div className="pointer-events-none sticky bottom-3 z-10 flex h-0 justify-center">
      <button
        type="button"
        className="jump-button"
        aria-label="Jump to the latest"
        onClick={onJump}
      >
        <ArrowDown aria-hidden className="size-4" />
      </button>
    </div>
  );
}

/** True while `element` is below what the viewport shows. */
function useIsBelow(viewport: HTMLElement, element: RefObject<HTMLElement | null>): boolean {
  const [below, setBelow] = useState(false);
  // The element is another one after each question, so that it is looked up after every render.
  useEffect(() => {
    const watched = element.current;
    if (watched === null) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry === undefined) return;
        const floor = entry.rootBounds?.bottom ?? Number.POSITIVE_INFINITY;
        setBelow(!entry.isIntersecting && entry.boundingClientRect.top >= floor);
      },
      { root: viewport },
    );
    observer.observe(watched);
    return () => observer.disconnect();
  });
  return below;
}
