import { useEffect, useState } from "react";

/** Whole seconds until a time (ms since 1970), counting down; 0 once it has passed. */
export function useSecondsUntil(time: number | null): number {
  const left = () => (time === null ? 0 : Math.max(0, Math.ceil((time - Date.now()) / 1_000)));
  const [seconds, setSeconds] = useState(left);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `left` depends on nothing but `time`
  useEffect(() => {
    setSeconds(left());
    if (time === null) return;
    const timer = setInterval(() => setSeconds(left()), 250);
    return () => clearInterval(timer);
  }, [time]);
  return seconds;
}
