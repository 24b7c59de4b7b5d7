/** A citation mark in the text: it shows the cited sentence, and opens the document at it. */
import { useState } from "react";
import { HoverCard, HoverCardContent, HoverCardTrigger } from "../../ui/Popover";
import { useAnswerEvidence } from "./answer_evidence";
import { useSourcePanel } from "./opened_source";
import { placeOf, plainExcerpt } from "./place";

interface CitationChipProps {
  /** The source's. */
  readonly id: string;
  /** Where the mark begins in the text. */
  readonly at: number;
}

export function CitationChip({ id, at }: CitationChipProps) {
  const { turnId, sources, citations } = useAnswerEvidence();
  const { opened, open } = useSourcePanel();
  const [hovered, setHovered] = useState(false);
  const source = sources.find((candidate) => candidate.id === id);
  const citation = citations.get(at);
  const isOpened = opened?.turnId === turnId && opened.at === at;
  const quote = plainExcerpt(citation?.quote ?? source?.snippet ?? "");
  return (
    <HoverCard open={hovered && !isOpened} onOpenChange={setHovered}>
      <HoverCardTrigger asChild>
        <button
          type="button"
          className="citation"
          aria-label={`Source ${id}${source ? `: ${source.title}` : ""}`}
          aria-expanded={isOpened}
          onClick={() => open({ turnId, sourceId: id, at })}
        >
          {id}
        </button>
      </HoverCardTrigger>
      <HoverCardContent side="top">
        <p className="font-medium text-sm leading-5">{source?.title ?? `Source ${id}`}</p>
        <p className="mt-0.5 text-muted text-xs">{placeOf(citation ?? source ?? {})}</p>
        <p className="cited-quote" dir="auto">
          {quote}
        </p>
      </HoverCardContent>
    </HoverCard>
  );
}
