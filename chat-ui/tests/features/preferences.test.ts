import { expect, it } from "vitest";
import {
  PREFERENCES_KEY,
  PreferenceStore,
  parsePreferences,
  USUAL,
} from "../../src/features/settings/preferences";
import { memoryStorage } from "../builders";

it("a change outlives a reload", () => {
  const storage = memoryStorage();
  new PreferenceStore(storage).change({ theme: "dark", sidebar: false });
  expect(new PreferenceStore(storage).get()).toEqual({ ...USUAL, theme: "dark", sidebar: false });
});

it("a change in another tab is followed", () => {
  const storage = memoryStorage();
  const [here, there] = [new PreferenceStore(storage), new PreferenceStore(storage)];
  let told = 0;
  here.subscribe(() => {
    told += 1;
  });
  there.change({ density: "compact" });
  here.reload();
  expect([here.get().density, told]).toEqual(["compact", 1]);
});

it("storage that is forbidden, full or spoiled costs the memory, not the change", () => {
  const refusing: Storage = {
    ...memoryStorage(),
    getItem: () => {
      throw new DOMException("denied", "SecurityError");
    },
    setItem: () => {
      throw new DOMException("full", "QuotaExceededError");
    },
  };
  const spoiled = memoryStorage();
  spoiled.setItem(PREFERENCES_KEY, "{");
  for (const storage of [refusing, null, spoiled]) {
    const store = new PreferenceStore(storage);
    expect(store.get()).toEqual(USUAL);
    store.change({ theme: "light" });
    expect(store.get().theme).toBe("light");
  }
});

it.each(["null", "3", "[]", '{"theme":"pink","density":7,"sidebar":"no"}'])(
  "%s stands for the usual",
  (stored) => {
    expect(parsePreferences(stored)).toEqual(USUAL);
  },
);
