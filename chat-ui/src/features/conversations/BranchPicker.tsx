import { ChevronLeft, ChevronRight } from "lucide-react";
import type { Turn } from "../../chat/conversation";
import { useSession, useView } from "../../session/session_context";
import { IconButton } from "../../ui/Button";

/** Which version of a turn is shown, and the way to the others. Nothing where there is only one. */
export function BranchPicker({ turn }: { readonly turn: Turn }) {
  const session = useSession();
  const fork = useView(({ chat }) => chat.forks.get(turn.clientMsgId));
  if (fork === undefined) return null;
  const { position, count, previous, next } = fork;
  const go = (clientMsgId: string | null) => () => {
    if (clientMsgId !== null) session.choose(clientMsgId);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
    <div role="group" aria-label="Versions" className="flex items-center text-muted text-xs">
      <IconButton
        label="Previous version"
        size="xs"
        aria-disabled={previous === null}
        className="aria-disabled:opacity-40"
        onClick={go(previous)}
      >
        <ChevronLeft aria-hidden className="rtl:-scale-x-100" />
      </IconButton>
      <span className="min-w-10 text-center tabular-nums">
        <span className="sr-only">Version </span>
        {position} of {count}
      </span>
      <IconButton
        label="Next version"
        size="xs"
        aria-disabled={next === null}
        className="aria-disabled:opacity-40"
        onClick={go(next)}
      >
        <ChevronRight aria-hidden className="rtl:-scale-x-100" />
      </IconButton>
    </div>
  );
}
