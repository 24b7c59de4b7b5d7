/** The connection, as a person notices it. */
import { useEffect, useState, useSyncExternalStore } from "react";
import { useView } from "./session_context";

/** Shorter interruptions are mended before anybody needs to read about them. */
export const PATIENCE_MS = 900;

/** False once the connection has been away for longer than a person should notice. */
export function useConnected(): boolean {
  const phase = useView(({ connection }) => connection.phase);
  return !useOutlasts(phase !== "ready", PATIENCE_MS);
}

/** True while the browser knows of a network. */
export function useOnline(): boolean {
  return useSyncExternalStore(subscribeToNetwork, () => navigator.onLine);
}

function subscribeToNetwork(changed: () => void): () => void {
  window.addEventListener("online", changed);
  window.addEventListener("offline", changed);
  return () => {
    window.removeEventListener("online", changed);
    window.removeEventListener("offline", changed);
  };
}

/** True once `condition` has held for `ms`; false again with it. */
export function useOutlasts(condition: boolean, ms: number): boolean {
  const [outlasted, setOutlasted] = useState(false);
  useEffect(() => {
    if (!condition) return setOutlasted(false);
    const timer = setTimeout(() => setOutlasted(true), ms);
    return () => clearTimeout(timer);
  }, [condition, ms]);
  return condition && outlasted;
}
