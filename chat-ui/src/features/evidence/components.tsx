/** What the evidence elements of an answer's text are rendered by. */
import type { ReactNode } from "react";
import type { Components } from "streamdown";
import { CITATION, FLAG_NOTE, FLAGGED } from "./answer_ranges";
import { CitationChip } from "./CitationChip";
import { FlagNote } from "./FlagNote";

export const evidenceComponents: Components = {
  [CITATION]: ({ id, at }) => <CitationChip id={String(id)} at={Number(at)} />,
  [FLAGGED]: ({ kind, children }) => (
    <span className={kind === "figure" ? "flagged flagged-figure" : "flagged"}>
      {children as ReactNode}
    </span>
  ),
  [FLAG_NOTE]: ({ flag }) => <FlagNote index={Number(flag)} />,
};
