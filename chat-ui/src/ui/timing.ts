/** Hooks about time. */
import { useEffect, useState } from "react";

/** Whole seconds until a time (ms since 1970), counting down; 0 once it has passed. */
export function useSecondsUntil(time: number | null): number {
  const [seconds, setSeconds] = useState(() => secondsUntil(time));
  useEffect(() => {
    setSeconds(secondsUntil(time));
    if (time === null) return;
    const timer = setInterval(() => setSeconds(secondsUntil(time)), 250);
    return () => clearInterval(timer);
  }, [time]);
  return seconds;
}

function secondsUntil(time: number | null): number {
  return time === null ? 0 : Math.max(0, Math.ceil((time - Date.now()) / 1_000));
}
