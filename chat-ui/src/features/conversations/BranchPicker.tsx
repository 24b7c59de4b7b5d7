import { ChevronLeft, ChevronRight } from "lucide-react";
import type { Turn } from "../../chat/conversation";
import { useSession, useView } from "../../session/session_context";
import { IconButton } from "../../ui/Button";

const PREVIOUS = "Previous version";
const NEXT = "Next version";

/** Which version of a turn is shown, and the way to the others. Nothing where there is only one. */
export function BranchPicker({ turn }: { readonly turn: Turn }) {
  const session = useSession();
  const fork = useView(({ chat }) => chat.forks.get(turn.clientMsgId));
  if (fork === undefined) return null;
  const { position, count, previous, next } = fork;
  const go = (clientMsgId: string | null, label: string) => () => {
    if (clientMsgId === null) return;
    session.choose(clientMsgId);
    requestAnimationFrame(() => focusPicker(clientMsgId, label));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
    <div
      role="group"
      aria-label="Versions"
      data-versions={turn.clientMsgId}
      className="flex items-center text-muted text-xs"
    >
      <IconButton
        label={PREVIOUS}
        size="xs"
        aria-disabled={previous === null}
        className="aria-disabled:opacity-40"
        onClick={go(previous, PREVIOUS)}
      >
        <ChevronLeft aria-hidden className="rtl:-scale-x-100" />
      </IconButton>
      <span className="min-w-10 text-center tabular-nums">
        <span className="sr-only">Version </span>
        {position} of {count}
      </span>
      <IconButton
        label={NEXT}
        size="xs"
        aria-disabled={next === null}
        className="aria-disabled:opacity-40"
        onClick={go(next, NEXT)}
      >
        <ChevronRight aria-hidden className="rtl:-scale-x-100" />
      </IconButton>
    </div>
  );
}

/** Another version is another turn with a picker of its own: the focus goes along. */
function focusPicker(clientMsgId: string, label: string): void {
  const picker = document.querySelector(`[data-versions="${CSS.escape(clientMsgId)}"]`);
  picker?.querySelector<HTMLElement>(`[aria-label="${label}"]`)?.focus();
}
