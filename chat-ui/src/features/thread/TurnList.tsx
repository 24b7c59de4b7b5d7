/**
 * The turns of a conversation, of which only those near the view are in the page. A question that
 * is asked goes to the top and its answer grows below it; once the answer fills the view, the view
 * follows for as long as the reader is at its end and words come.
 */
import { defaultRangeExtractor, useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useLayoutEffect, useRef } from "react";
import { shownText } from "../../chat/answer";
import type { Turn } from "../../chat/conversation";
import { useSession, useView } from "../../session/session_context";
import { useAskedHere } from "./asked_here";
import { JumpToLatest } from "./JumpToLatest";
import { TurnRow } from "./TurnRow";

interface TurnListProps {
  /** Ids of the turns, the same list for as long as they are the same: text streams past it. */
  readonly ids: readonly string[];
  readonly viewport: HTMLElement;
}

/** Distance from the end in pixels, up to which the reader counts as being there. */
const AT_END = 32;

export function TurnList({ ids, viewport }: TurnListProps) {
  const session = useSession();
  const last = ids.length - 1;
  const asked = useAskedHere(ids);
  const running = useView(({ chat }) => chat.running !== null);
  const isKept = useView(({ chat }) => chat.turns.at(-1)?.answer?.cache === "hit");
  const revealed = useView(({ chat }) => chat.revealed);
  const latest = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: ids.length,
    getScrollElement: () => viewport,
    getItemKey: (index) => ids[index] ?? index,
    estimateSize: (index) => estimatedHeight(session.view().chat.turns[index]),
    rangeExtractor: (range) => [...new Set([...defaultRangeExtractor(range), last])],
    overscan: 2,
    // A text that grows is followed; what comes below it once it is complete moves nothing.
    anchorTo: (running && !isKept) || asked === null ? "end" : "start",
    followOnAppend: true,
    scrollEndThreshold: AT_END,
    directDomUpdates: true,
    directDomUpdatesMode: "position",
  });
  const toEnd = useCallback(() => rows.scrollToEnd(), [rows]);
  // A conversation opens at its end; whoever asks wants to see the answer.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new question counts
  useLayoutEffect(toEnd, [toEnd, asked]);
  // An answer that comes whole is read from its beginning.
  useLayoutEffect(() => {
    if (asked !== null && isKept) rows.scrollToIndex(last, { align: "start" });
  }, [rows, asked, isKept, last]);
  // Whoever comes from a search wants to see what was found. The list may have come before it.
  useLayoutEffect(() => {
    const at = revealed === null ? -1 : ids.indexOf(revealed.clientMsgId);
    if (at !== -1) rows.scrollToIndex(at, { align: "start" });
  }, [rows, ids, revealed]);
  return (
    <>
      <div ref={rows.containerRef} className="relative w-full">
        {rows.getVirtualItems().map(({ key, index }) => {
          const id = ids[index];
          if (id === undefined) return null;
          return (
            <div
              key={key}
              ref={rows.measureElement}
              data-index={index}
              className={`absolute inset-x-0 top-0 ${id === asked ? "turn-asked" : ""}`}
            >
              <TurnRow id={id} number={index + 1} count={ids.length} isLast={index === last} />
              {index === last && <div ref={latest} aria-hidden className="h-px" />}
            </div>
          );
        })}
      </div>
      <JumpToLatest viewport={viewport} latest={latest} onJump={toEnd} />
    </>
  );
}

/** Roughly, in pixels, until the row is measured: near guesses keep the scroll bar calm. */
function estimatedHeight(turn: Turn | undefined): number {
  if (turn === undefined) return 0;
  const characters = turn.answer === null ? 0 : shownText(turn.answer).length;
  return 240 + 0.45 * characters + 0.3 * turn.question.length;
}
