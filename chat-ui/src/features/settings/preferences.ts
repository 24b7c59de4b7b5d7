/** How a person wants the page to be, kept in this browser. */

export type Theme = "system" | "light" | "dark";
export type Density = "comfortable" | "compact";

export interface Preferences {
  readonly theme: Theme;
  readonly density: Density;
  /** The sidebar is shown where there is room for it. */
  readonly sidebar: boolean;
  /** Shortcuts without a modifier key work. */
  readonly singleKeys: boolean;
}

export const USUAL: Preferences = {
  theme: "system",
  density: "comfortable",
  sidebar: true,
  singleKeys: true,
};

/** `public/appearance.js` reads the same entry before the first paint. */
export const PREFERENCES_KEY = "energycopilot.preferences.v1";

export class PreferenceStore {
  #value: Preferences;
  readonly #storage: Storage | null;
  readonly #listeners = new Set<() => void>();

  /** `storage` throws, or is null, where the browser forbids it: then a change lasts until a reload. */
  constructor(storage: Storage | null) {
    this.#storage = storage;
    this.#value = this.#load();
  }

  readonly get = (): Preferences => this.#value;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  change(some: Partial<Preferences>): void {
    this.#value = { ...this.#value, ...some };
    try {
      this.#storage?.setItem(PREFERENCES_KEY, JSON.stringify(this.#value));
    } catch {
      // Full or forbidden: the page itself follows the change all the same.
    }
    this.#tell();
  }

  /** Another tab has changed them. */
  readonly reload = (): void => {
    this.#value = this.#load();
    this.#tell();
  };

  #load(): Preferences {
    try {
      return parsePreferences(this.#storage?.getItem(PREFERENCES_KEY) ?? null);
    } catch {
      return USUAL;
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** What is missing or spoiled is as usual. Throws `SyntaxError` where it is no JSON. */
export function parsePreferences(stored: string | null): Preferences {
  const value: unknown = JSON.parse(stored ?? "null");
  if (typeof value !== "object" || value === null) return USUAL;
  const { theme, density, sidebar, singleKeys } = value as Record<string, unknown>;
  return {
    theme: theme === "light" || theme === "dark" ? theme : USUAL.theme,
    density: density === "compact" ? density : USUAL.density,
    sidebar: typeof sidebar === "boolean" ? sidebar : USUAL.sidebar,
    singleKeys: typeof singleKeys === "boolean" ? singleKeys : USUAL.singleKeys,
  };
}
