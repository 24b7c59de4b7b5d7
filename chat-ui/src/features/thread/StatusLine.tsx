/** What is happening before the first word. */
import type { Stage } from "../../chat/answer";
import type { Turn } from "../../chat/state";
import { useView } from "../../session/session_context";

export function StatusLine({ turn }: { readonly turn: Turn }) {
  const connected = useView(({ connection }) => connection.phase === "ready");
  return (
    <p className="status-line">
      <span aria-hidden className="status-dots">
        <i />
        <i />
        <i />
      </span>
      {statusOf(turn, connected)}
    </p>
  );
}

/** The words for a running turn. */
export function statusOf(turn: Turn, connected: boolean): string {
  if (turn.stopped) return "Stopping";
  if (!connected) return "Waiting for the connection";
  if (turn.answer === null) return "Sending";
  return stageWords(turn.answer.stage ?? "queued", turn.answer.sources.length);
}

function stageWords(stage: Stage, passages: number): string {
  switch (stage) {
    case "queued":
      return "Waiting in line";
    case "waking":
      return "Starting up";
    case "retrieving":
      return passages > 0 ? reading(passages) : "Searching the documents";
    case "thinking":
      return passages > 0 ? reading(passages) : "Writing the answer";
  }
}

function reading(passages: number): string {
  return `Reading ${passages} ${passages === 1 ? "passage" : "passages"}`;
}
