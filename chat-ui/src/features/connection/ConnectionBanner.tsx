/** Says that the connection is gone, when it will be tried again, and lets a person not wait. */
import { WifiOff } from "lucide-react";
import { useEffect, useState } from "react";
import { useSession, useView } from "../../session/session_context";
import { useSecondsUntil } from "../../ui/seconds_until";

/** Shorter interruptions are mended before anybody needs to read about them. */
const PATIENCE_MS = 900;

export function ConnectionBanner() {
  const session = useSession();
  const connection = useView((view) => view.connection);
  const seconds = useSecondsUntil(connection.phase === "waiting" ? connection.retryAt : null);
  const troubled = useOutlasts(connection.phase !== "ready", PATIENCE_MS);
  return (
    <div role="status" className={troubled ? "banner" : "hidden"}>
      {troubled && (
        <>
          <WifiOff aria-hidden className="size-4 shrink-0" />
          <span>{seconds > 0 ? `Connection lost. Next try in ${seconds} s.` : "Connecting"}</span>
          {connection.phase === "waiting" && (
            <button type="button" className="text-button" onClick={() => session.retryNow()}>
              Retry now
            </button>
          )}
        </>
      )}
    </div>
  );
}

/** True once `condition` has held for `ms`. */
function useOutlasts(condition: boolean, ms: number): boolean {
  const [outlasted, setOutlasted] = useState(false);
  useEffect(() => {
    if (!condition) return setOutlasted(false);
    const timer = setTimeout(() => setOutlasted(true), ms);
    return () => clearTimeout(timer);
  }, [condition, ms]);
  return outlasted;
}
