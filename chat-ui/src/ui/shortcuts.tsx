/**
 * Keyboard shortcuts of the whole page. A component that offers one registers it, so that the sheet
 * of shortcuts lists exactly what works at the moment.
 */
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { type Chord, displayChord, matchesChord } from "./chords";

export interface Shortcut {
  /** Such as "Mod+Shift+O", "Mod+K", "?"; `Mod` is Command on Apple's keyboards, else Control. */
  readonly chord: Chord;
  /** What it does, as in a menu: "New conversation". */
  readonly label: string;
  /** The heading it is listed under. */
  readonly group: string;
}

interface Registered extends Shortcut {
  /** `null`: some element handles it on its own; it is only listed. */
  readonly act: (() => void) | null;
}

class Registry {
  #shortcuts: readonly Registered[] = [];
  readonly #listeners = new Set<() => void>();

  readonly list = () => this.#shortcuts;

  readonly subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  add(shortcut: Registered): () => void {
    this.#change([...this.#shortcuts, shortcut]);
    return () => this.#change(this.#shortcuts.filter((other) => other !== shortcut));
  }

  #change(shortcuts: readonly Registered[]): void {
    this.#shortcuts = shortcuts;
    for (const listener of this.#listeners) listener();
  }
}

const RegistryContext = createContext<Registry>(new Registry());

export interface ShortcutProviderProps {
  /** Off: chords without a modifier key do nothing (WCAG 2.1.4). */
  readonly singleKeys: boolean;
  readonly children: ReactNode;
}

export function ShortcutProvider({ singleKeys, children }: ShortcutProviderProps) {
  const [registry] = useState(() => new Registry());
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const shortcut = registry
        .list()
        .findLast(
          ({ act, chord }) =>
            act !== null && matchesChord(event, chord) && (singleKeys || hasModifier(chord)),
        );
      if (shortcut === undefined) return;
      if (!hasModifier(shortcut.chord) && (isTyping(event.target) || isModalOpen())) return;
      event.preventDefault();
      shortcut.act?.();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [registry, singleKeys]);
  return <RegistryContext value={registry}>{children}</RegistryContext>;
}

/** Offers a shortcut while the component is there; gives its keys for display. */
export function useShortcut(shortcut: Shortcut, act: (() => void) | null): string {
  const registry = useContext(RegistryContext);
  const newest = useRef(act);
  useEffect(() => {
    newest.current = act;
  });
  const { chord, label, group } = shortcut;
  const silent = act === null;
  useEffect(
    () => registry.add({ chord, label, group, act: silent ? null : () => newest.current?.() }),
    [registry, chord, label, group, silent],
  );
  return displayChord(chord);
}

/** All that are offered now. */
export function useShortcuts(): readonly Shortcut[] {
  const registry = useContext(RegistryContext);
  return useSyncExternalStore(registry.subscribe, registry.list);
}

function hasModifier(chord: Chord): boolean {
  return /^(Mod|Alt)\+/.test(chord);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input, textarea, select"))
  );
}

function isModalOpen(): boolean {
  return document.querySelector("[role=dialog], [role=alertdialog], [role=menu]") !== null;
}
