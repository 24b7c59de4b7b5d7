/** The conversation that is shown: its turns, or what could be asked. */
import { useState } from "react";
import { useView } from "../../session/session_context";
import { TurnList } from "./TurnList";
import { Welcome } from "./Welcome";

export function Thread() {
  const turns = useView(({ chat }) => chat.turns);
  const [viewport, setViewport] = useState<HTMLElement | null>(null);
  const first = turns[0];
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard */}
      <section ref={setViewport} className="viewport" aria-label="Conversation" tabIndex={0}>
        {first === undefined && <Welcome />}
        {first !== undefined && viewport !== null && (
          <TurnList key={first.clientMsgId} turns={turns} viewport={viewport} />
        )}
      </section>
    </div>
  );
}
