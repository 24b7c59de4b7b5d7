/** Says that the connection is gone, when it will be tried again, and lets a person not wait. */
import { Check, WifiOff } from "lucide-react";
import { useEffect, useRef } from "react";
import { useConnected, useOnline, useOutlasts } from "../../session/connected";
import { useSession, useView } from "../../session/session_context";
import { useSecondsUntil } from "../../ui/timing";

/** For how long the page says that the connection is back. */
const RELIEF_MS = 2_500;

export function ConnectionBanner() {
  const troubled = !useConnected();
  const relieved = useRelief(troubled);
  return (
    <div role="status" className="connection">
      {troubled && <Trouble />}
      {relieved && (
        <p className="connection-note connection-note-good">
          <Check aria-hidden className="size-4 shrink-0" />
          Connected again
        </p>
      )}
    </div>
  );
}

function Trouble() {
  const session = useSession();
  const connection = useView((view) => view.connection);
  const online = useOnline();
  const seconds = useSecondsUntil(connection.phase === "waiting" ? connection.retryAt : null);
  return (
    <div className="connection-note">
      <WifiOff aria-hidden className="size-4 shrink-0" />
      <span>{online ? words(seconds) : "You are offline. What is here stays readable."}</span>
      {connection.phase === "waiting" && (
        <button type="button" className="text-button" onClick={() => session.retryNow()}>
          Retry now
        </button>
      )}
    </div>
  );
}

function words(seconds: number): string {
  return seconds > 0 ? `Connection lost. Next try in ${seconds} s.` : "Connecting";
}

/** True for a moment after `troubled` has ended; the first connection of a page is no relief. */
function useRelief(troubled: boolean): boolean {
  const isReady = useView(({ connection }) => connection.phase === "ready");
  const wasReady = useRef(false);
  const wasTroubled = useRef(false);
  useEffect(() => {
    if (troubled && wasReady.current) wasTroubled.current = true;
    if (isReady) wasReady.current = true;
  }, [troubled, isReady]);
  const over = wasTroubled.current && !troubled;
  const long = useOutlasts(over, RELIEF_MS);
  useEffect(() => {
    if (long) wasTroubled.current = false;
  }, [long]);
  return over && !long;
}
