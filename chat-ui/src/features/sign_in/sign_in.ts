/**
 * The credential of whoever signed in, for as long as the tab lives: it is kept where other tabs
 * and later visits do not find it.
 */

const KEY = "energycopilot.credential.v1";

export class SignIn {
  #credential: string | null;
  #wasRefused = false;
  readonly #listeners = new Set<() => void>();
  readonly #storage: Storage | null;

  /** `storage` is null, or throws, where the browser forbids it. */
  constructor(storage: Storage | null) {
    this.#storage = storage;
    this.#credential = this.#stored((kept) => kept.getItem(KEY)) ?? null;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly credential = (): string | null => this.#credential;

  /** True once the server did not take the last credential. */
  readonly wasRefused = (): boolean => this.#wasRefused;

  give(credential: string): void {
    this.#stored((kept) => kept.setItem(KEY, credential));
    this.#change(credential, false);
  }

  /** The server did not take `credential`; a newer one that was given meanwhile stays. */
  refuse(credential: string): void {
    if (credential !== this.#credential) return;
    this.#stored((kept) => kept.removeItem(KEY));
    this.#change(null, true);
  }

  forget(): void {
    this.#stored((kept) => kept.removeItem(KEY));
    this.#change(null, false);
  }

  #change(credential: string | null, wasRefused: boolean): void {
    this.#credential = credential;
    this.#wasRefused = wasRefused;
    for (const listener of this.#listeners) listener();
  }

  #stored<T>(act: (storage: Storage) => T): T | null {
    try {
      return this.#storage === null ? null : act(this.#storage);
    } catch {
      return null;
    }
  }
}

/** What a header can carry; anything else is a slip of the clipboard. */
export function isCredential(text: string): boolean {
  return /^[\x21-\x7e]{8,8192}$/.test(text);
}

/** `fetch` with the credential; a 401 to it signs out. */
export function signedFetch(signIn: SignIn, send: typeof fetch = fetch): typeof fetch {
  return async (input, init) => {
    const credential = signIn.credential();
    if (credential === null) return send(input, init);
    const headers = new Headers(init?.headers);
    headers.set("authorization", `Bearer ${credential}`);
    const response = await send(input, { ...init, headers });
    if (response.status === 401) signIn.refuse(credential);
    return response;
  };
}
