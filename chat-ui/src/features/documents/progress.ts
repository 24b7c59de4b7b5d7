/** How far an uploaded document has come, in words. */
import type { DocumentSummary } from "../../api/schema";

export interface Progress {
  readonly status: Exclude<DocumentSummary["status"], "indexed">;
  readonly label: string;
  readonly tone: "quiet" | "accent" | "danger";
  /** What there is to say besides, if anything. */
  readonly words: string | null;
}

const LABELS = {
  queued: { label: "Queued", tone: "quiet" },
  indexing: { label: "Indexing", tone: "accent" },
  failed: { label: "Failed", tone: "danger" },
  removed: { label: "Removed", tone: "quiet" },
} as const;

/** `null` for a document that is indexed, of which there is nothing to tell. */
export function progressOf(
  document: Pick<DocumentSummary, "status" | "reason" | "chunks">,
): Progress | null {
  const { status, chunks } = document;
  if (status === "indexed") return null;
  return { status, ...LABELS[status], words: document.reason ?? meanwhile(status, chunks > 0) };
}

function meanwhile(status: Progress["status"], held: boolean): string | null {
  if (status === "removed") return held ? null : "Answers no longer use it.";
  return held ? "Until then answers use the earlier version." : null;
}

/** Whether the list will change by itself before long. */
export function isUnderWay(documents: readonly Pick<DocumentSummary, "status">[]): boolean {
  return documents.some(({ status }) => status === "queued" || status === "indexing");
}
