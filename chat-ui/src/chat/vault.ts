/**
 * The small things that survive a reload: the draft and the page's own id. Storage that is
 * forbidden, full or spoiled costs the reload its memory, never the page.
 */

const DRAFT = "energycopilot.draft.v1";
const CLIENT = "energycopilot.client.v1";

export interface Vault {
  loadDraft(): string;
  saveDraft(draft: string): void;
  /** The id of this browser, made on first use. */
  clientId(): string;
  /** Forgets all of it; the next `clientId` is another one. */
  clear(): void;
}

/** `storage` throws, or is null, where the browser forbids it. */
export function createVault(storage: Storage | null, createId: () => string): Vault {
  const read = (key: string): string | null => attempt(() => storage?.getItem(key) ?? null, null);
  const write = (key: string, value: string): void =>
    attempt(() => storage?.setItem(key, value), undefined);
  let clientId: string | null = null;
  return {
    loadDraft: () => read(DRAFT) ?? "",
    saveDraft: (draft) => write(DRAFT, draft),
    clientId() {
      const known = clientId ?? read(CLIENT);
      if (known !== null && /^[A-Za-z0-9_-]{1,64}$/.test(known)) return known;
      clientId = createId();
      write(CLIENT, clientId);
      return clientId;
    },
    clear() {
      clientId = null;
      for (const key of [DRAFT, CLIENT]) attempt(() => storage?.removeItem(key), undefined);
    },
  };
}

function attempt<T>(act: () => T, otherwise: T): T {
  try {
    return act();
  } catch {
    return otherwise;
  }
}
