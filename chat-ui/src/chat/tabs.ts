/** Tells the other tabs of this browser what has changed, so that each can catch up. */

export type Tidings =
  /** A conversation has a new turn, an answer has ended: the archive holds it. */
  | { readonly kind: "changed"; readonly key: string }
  /** A conversation was deleted. */
  | { readonly kind: "deleted"; readonly key: string }
  /** Everything was deleted. */
  | { readonly kind: "cleared" };

export interface Tabs {
  tell(tidings: Tidings): void;
  /** Returns what ends the listening. */
  listen(listener: (tidings: Tidings) => void): () => void;
}

/** Tabs that talk over a `BroadcastChannel`; without one (an old browser) each is on its own. */
export function browserTabs(name = "energycopilot"): Tabs {
  if (typeof BroadcastChannel === "undefined") return { tell: () => {}, listen: () => () => {} };
  const channel = new BroadcastChannel(name);
  return {
    tell: (tidings) => channel.postMessage(tidings),
    listen(listener) {
      const receive = (event: MessageEvent<unknown>) => {
        if (isTidings(event.data)) listener(event.data);
      };
      channel.addEventListener("message", receive);
      return () => channel.removeEventListener("message", receive);
    },
  };
}

function isTidings(value: unknown): value is Tidings {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false;
  if (value.kind === "cleared") return true;
  const named = "key" in value && typeof value.key === "string";
  return named && (value.kind === "changed" || value.kind === "deleted");
}
