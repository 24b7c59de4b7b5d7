/** The place in a document that a person wants to see, also where it has still to be fetched. */
import { useCallback, useEffect, useState } from "react";
import type { Chunk } from "../../api/schema";

/** A passage by its number or id, or the first one from a character of the document on. */
export type Place = { readonly passage: string } | { readonly start: number };

/** The index of the place among `chunks`, which are the first of a document; -1 if it is beyond. */
export function indexOfPlace(chunks: readonly Chunk[], place: Place): number {
  if ("passage" in place) {
    const { passage } = place;
    return chunks.findIndex(({ n, chunk_id }) => String(n) === passage || chunk_id === passage);
  }
  return chunks.findIndex(({ end }) => end > place.start);
}

export interface Target {
  readonly index: number;
}

/** `more` fetches further chunks; it is called until the place is there, or `complete`. */
export function usePlace(
  chunks: readonly Chunk[],
  complete: boolean,
  more: () => void,
  initial: Place | null,
): { readonly target: Target | null; readonly go: (place: Place) => void } {
  const [wanted, setWanted] = useState(initial);
  const [target, setTarget] = useState<Target | null>(null);
  useEffect(() => {
    if (wanted === null) return;
    const index = indexOfPlace(chunks, wanted);
    if (index >= 0) {
      setTarget({ index });
      setWanted(null);
    } else if (complete) setWanted(null);
    else more();
  }, [wanted, chunks, complete, more]);
  return { target, go: useCallback((place: Place) => setWanted(place), []) };
}
