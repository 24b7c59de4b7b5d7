/** A list of any length of which only what is in view is rendered. Heights may differ. */
import { useVirtualizer } from "@tanstack/react-virtual";
import {
  type Key,
  type ReactNode,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";

export interface VirtualListProps<T> {
  readonly label: string;
  readonly items: readonly T[];
  readonly keyOf: (item: T) => Key;
  readonly render: (item: T, index: number) => ReactNode;
  /** The element that scrolls; the list may stand anywhere in it. */
  readonly scroller: RefObject<HTMLElement | null>;
  /** The usual height of an item in pixels, for those that were never in view. */
  readonly estimate: number;
  /** Pixels between two items. */
  readonly gap?: number;
  /** How many there are in the end, where `items` is only the beginning. */
  readonly total?: number;
  /** The end of `items` is near. */
  readonly onEndNear?: () => void;
  /** Scrolls to this item; a new object scrolls again. */
  readonly target?: { readonly index: number } | null;
}

const OVERSCAN = 6;

export function VirtualList<T>(props: VirtualListProps<T>) {
  const { label, items, keyOf, render, scroller, estimate, gap = 0, total, target } = props;
  const list = useRef<HTMLUListElement>(null);
  const margin = useOffset(list, scroller);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => estimate,
    getItemKey: (index) => keyOf(items[index] as T),
    overscan: OVERSCAN,
    gap,
    scrollMargin: margin,
    scrollPaddingStart: 16,
  });
  const rows = virtual.getVirtualItems();
  useEndNear(props, rows.at(-1)?.index ?? -1);
  // biome-ignore lint/correctness/useExhaustiveDependencies: where the list begins moves the target
  useEffect(() => {
    if (target) virtual.scrollToIndex(target.index, { align: "start" });
  }, [virtual, target, margin]);
  return (
    <ul
      ref={list}
      aria-label={label}
      className="relative w-full"
      style={{ height: virtual.getTotalSize() }}
    >
      {rows.map((row) => (
        <li
          key={row.key}
          ref={virtual.measureElement}
          data-index={row.index}
          aria-setsize={total ?? items.length}
          aria-posinset={row.index + 1}
          className="absolute inset-x-0 top-0"
          style={{ transform: `translateY(${row.start - margin}px)` }}
        >
          {render(items[row.index] as T, row.index)}
        </li>
      ))}
    </ul>
  );
}

/** Asks for more once the last rendered item is among the last ones. */
function useEndNear<T>({ items, onEndNear }: VirtualListProps<T>, last: number): void {
  const near = last >= items.length - 1 - OVERSCAN;
  const ask = useRef(onEndNear);
  useEffect(() => {
    ask.current = onEndNear;
  });
  useEffect(() => {
    if (near && items.length > 0) ask.current?.();
  }, [near, items.length]);
}

/** How far below the upper end of what scrolls the list begins. */
function useOffset(list: RefObject<HTMLElement | null>, scroller: RefObject<HTMLElement | null>) {
  const [offset, setOffset] = useState(0);
  useLayoutEffect(() => {
    const { current: inner } = list;
    const { current: outer } = scroller;
    if (inner === null || outer === null) return;
    const measure = () =>
      setOffset(
        inner.getBoundingClientRect().top - outer.getBoundingClientRect().top + outer.scrollTop,
      );
    measure();
    // What stands above the list may grow, wrap or go.
    const observer = new ResizeObserver(measure);
    for (const child of outer.children) observer.observe(child);
    observer.observe(outer);
    return () => observer.disconnect();
  }, [list, scroller]);
  return offset;
}
