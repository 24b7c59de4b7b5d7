/** What one answer rests on, for the chips, notes and lists within it. */
import { createContext, type ReactNode, useContext, useMemo } from "react";
import { type Answer, isOpen } from "../../chat/answer";
import type { Citation, Flag, Source } from "../../protocol/wire";
import type { SourceRange } from "../../ui/markdown/ranges";
import { citationRanges, citationsByPlace, citedIds, flagRanges } from "./answer_ranges";

export interface Evidence {
  readonly turnId: string;
  readonly sources: readonly Source[];
  /** Ids of the sources that the text cites; none while the answer runs. */
  readonly cited: readonly string[];
  /** Verified citations by where their marks begin; none while the answer runs. */
  readonly citations: ReadonlyMap<number, Citation>;
  readonly flags: readonly Flag[];
  readonly streaming: boolean;
}

const NOTHING: Evidence = {
  turnId: "",
  sources: [],
  cited: [],
  citations: new Map(),
  flags: [],
  streaming: false,
};

const EvidenceContext = createContext<Evidence>(NOTHING);

interface AnswerEvidenceProps {
  readonly turnId: string;
  readonly answer: Answer;
  /** The text that is shown. */
  readonly text: string;
  readonly children: ReactNode;
}

export function AnswerEvidence({ turnId, answer, text, children }: AnswerEvidenceProps) {
  const { sources, end } = answer;
  // The same object while text streams: hundreds of marks read it, and none of them changes.
  const whole = isOpen(answer) ? null : text;
  const value = useMemo((): Evidence => {
    if (whole === null || end === null) return { ...NOTHING, turnId, sources, streaming: true };
    const known = new Set(sources.map(({ id }) => id));
    return {
      turnId,
      sources,
      cited: citedIds(whole).filter((id) => known.has(id)),
      citations: citationsByPlace(whole, end.citations),
      flags: end.flags ?? NOTHING.flags,
      streaming: false,
    };
  }, [turnId, sources, end, whole]);
  return <EvidenceContext value={value}>{children}</EvidenceContext>;
}

/** The marks of known sources, and what was flagged, as parts of `text`. */
export function useEvidenceRanges(text: string): readonly SourceRange[] {
  const { sources, flags } = useAnswerEvidence();
  return useMemo(() => {
    const marks = citationRanges(text, new Set(sources.map(({ id }) => id)));
    return flags.length === 0 ? marks : [...marks, ...flagRanges(text, flags)];
  }, [text, sources, flags]);
}

export function useAnswerEvidence(): Evidence {
  return useContext(EvidenceContext);
}
