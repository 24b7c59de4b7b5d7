/** Keys pressed together, written as "Mod+Shift+O". */
export type Chord = string;

type Keys = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

function parts(chord: Chord): { readonly key: string; readonly modifiers: readonly string[] } {
  const words = chord.split("+");
  return { key: words.at(-1) ?? "", modifiers: words.slice(0, -1) };
}

/** True where exactly the chord's modifiers are held; Shift is free for signs that need it, as "?". */
export function matchesChord(event: Keys, chord: Chord, apple = isApple()): boolean {
  const { key, modifiers } = parts(chord);
  const mod = apple ? event.metaKey : event.ctrlKey;
  const foreign = apple ? event.ctrlKey : event.metaKey;
  const isSign = key.length === 1 && key.toLowerCase() === key.toUpperCase();
  return (
    event.key.toLowerCase() === key.toLowerCase() &&
    mod === modifiers.includes("Mod") &&
    !foreign &&
    event.altKey === modifiers.includes("Alt") &&
    (event.shiftKey === modifiers.includes("Shift") || (isSign && !modifiers.includes("Mod")))
  );
}

/** The chord as the words on the keys, one space apart: "Ctrl Shift O", on Apple's "⌘ ⇧ O". */
export function displayChord(chord: Chord, apple = isApple()): string {
  const names: Record<string, string> = apple
    ? { Mod: "⌘", Shift: "⇧", Alt: "⌥", Escape: "Esc", Enter: "↵" }
    : { Mod: "Ctrl", Escape: "Esc" };
  const { key, modifiers } = parts(chord);
  return [...modifiers, key.length === 1 ? key.toUpperCase() : key]
    .map((word) => names[word] ?? word)
    .join(" ");
}

export function isApple(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent);
}
