import { expect, it } from "vitest";
import { displayChord, matchesChord } from "../../src/ui/chords";

const press = (key: string, held: Partial<KeyboardEvent> = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...held,
});

it.each([
  ["Mod+B", press("b", { ctrlKey: true }), true],
  ["Mod+B", press("b"), false],
  ["Mod+B", press("b", { ctrlKey: true, shiftKey: true }), false],
  ["Mod+B", press("b", { metaKey: true }), false],
  ["Mod+Shift+O", press("O", { ctrlKey: true, shiftKey: true }), true],
  ["?", press("?", { shiftKey: true }), true],
  ["?", press("?"), true],
  ["?", press("?", { ctrlKey: true }), false],
  ["/", press("/"), true],
])("%s on a usual keyboard: %j is %s", (chord, event, expected) => {
  expect(matchesChord(event, chord, false)).toBe(expected);
});

it("Mod is Command on Apple's keyboards", () => {
  expect(matchesChord(press("b", { metaKey: true }), "Mod+B", true)).toBe(true);
  expect(matchesChord(press("b", { ctrlKey: true }), "Mod+B", true)).toBe(false);
});

it("a chord is shown as the words on the keys", () => {
  expect(displayChord("Mod+Shift+O", false)).toBe("Ctrl Shift O");
  expect(displayChord("Mod+Shift+O", true)).toBe("⌘ ⇧ O");
  expect(displayChord("Escape", false)).toBe("Esc");
});
