/** The conversation that is shown: its turns, or what could be asked. */
import { useRef, useState } from "react";
import type { View } from "../../chat/view";
import { useView } from "../../session/session_context";
import { TurnList } from "./TurnList";
import { Welcome } from "./Welcome";

export function Thread() {
  const ids = useTurnIds();
  const [viewport, setViewport] = useState<HTMLElement | null>(null);
  const first = ids[0];
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard */}
      <section ref={setViewport} className="viewport" aria-label="Conversation" tabIndex={0}>
        {first === undefined && <Welcome />}
        {first !== undefined && viewport !== null && (
          <>
            <h1 className="sr-only">Conversation</h1>
            <TurnList key={first} ids={ids} viewport={viewport} />
          </>
        )}
      </section>
    </div>
  );
}

/** Ids of the turns that are shown; the same list while only their answers change. */
function useTurnIds(): readonly string[] {
  const known = useRef<readonly string[]>([]);
  return useView(({ chat }: View) => {
    const same =
      chat.turns.length === known.current.length &&
      chat.turns.every(({ clientMsgId }, index) => clientMsgId === known.current[index]);
    if (!same) known.current = chat.turns.map(({ clientMsgId }) => clientMsgId);
    return known.current;
  });
}
