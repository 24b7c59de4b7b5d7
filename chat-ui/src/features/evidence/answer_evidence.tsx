/** What one answer rests on, for the chips, notes and lists within it. */
import { createContext, type ReactNode, useContext, useMemo } from "react";
import { type Answer, isOpen } from "../../chat/answer";
import type { Citation, Flag, Source } from "../../protocol/wire";
import type { SourceRange } from "../../ui/markdown/ranges";
import { citationRanges, citationsByPlace, citedIds, flagRanges } from "./answer_ranges";

export interface Evidence {
  readonly turnId: string;
  readonly sources: readonly Source[];
  /** Ids of the sources that the text cites, in the order of their first mark. */
  readonly cited: readonly string[];
  /** Verified citations by where their marks begin; none while the answer runs. */
  readonly citations: ReadonlyMap<number, Citation>;
  readonly flags: readonly Flag[];
  /** Marks and flags as parts of the text. */
  readonly ranges: readonly SourceRange[];
  readonly streaming: boolean;
}

const NOTHING: Evidence = {
  turnId: "",
  sources: [],
  cited: [],
  citations: new Map(),
  flags: [],
  ranges: [],
  streaming: false,
};
const NO_FLAGS: readonly Flag[] = [];

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
  const streaming = isOpen(answer);
  const value = useMemo((): Evidence => {
    const known = new Set(sources.map(({ id }) => id));
    const flags = end?.flags ?? NO_FLAGS;
    const marks = citationRanges(text, known);
    return {
      turnId,
      sources,
      cited: citedIds(text).filter((id) => known.has(id)),
      citations: citationsByPlace(text, end?.citations ?? []),
      flags,
      ranges: flags.length === 0 ? marks : [...marks, ...flagRanges(text, flags)],
      streaming,
    };
  }, [turnId, sources, end, text, streaming]);
  return <EvidenceContext value={value}>{children}</EvidenceContext>;
}

export function useAnswerEvidence(): Evidence {
  return useContext(EvidenceContext);
}
