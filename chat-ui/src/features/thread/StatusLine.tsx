/** What is happening: before the first word, and while a started answer cannot go on. */
import type { Stage } from "../../chat/answer";
import type { Turn } from "../../chat/conversation";
import { useConnected } from "../../session/connected";

export function StatusLine({ turn }: { readonly turn: Turn }) {
  const connected = useConnected();
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

/** Below the words of an answer that stands still for want of a connection. */
export function Interrupted({ turn }: { readonly turn: Turn }) {
  const connected = useConnected();
  if (connected && !turn.stopped) return null;
  return (
    <p className="status-line mt-3">
      {turn.stopped
        ? "Stopping"
        : "Interrupted. It goes on where it stopped once you are connected."}
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
