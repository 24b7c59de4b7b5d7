import { describe, expect, it } from "vitest";
import { createVault } from "../../src/chat/vault";
import { memoryStorage } from "../builders";

const forbidden: Storage = new Proxy({} as Storage, {
  get() {
    throw new DOMException("denied", "SecurityError");
  },
});
const full: Storage = {
  ...memoryStorage(),
  setItem() {
    throw new DOMException("full", "QuotaExceededError");
  },
};

describe.each([
  ["forbidden", forbidden],
  ["full", full],
  ["absent", null],
])("storage that is %s", (_name, storage) => {
  it("costs the memory, not the page", () => {
    const vault = createVault(storage, () => "made");
    vault.saveDraft("draft");
    expect(vault.loadDraft()).toBe("");
    expect(vault.clientId()).toBe("made");
    vault.clear();
  });
});

it("the client id stays the same, and a spoiled one is replaced", () => {
  const storage = memoryStorage();
  let made = 0;
  const createId = () => `made-${++made}`;
  expect(createVault(storage, createId).clientId()).toBe("made-1");
  expect(createVault(storage, createId).clientId()).toBe("made-1");
  storage.setItem("energycopilot.client.v1", "not an id!");
  expect(createVault(storage, createId).clientId()).toBe("made-2");
});

it("the client id is the same all through, even where it cannot be kept", () => {
  let made = 0;
  const vault = createVault(forbidden, () => `made-${++made}`);
  expect(vault.clientId()).toBe("made-1");
  expect(vault.clientId()).toBe("made-1");
});

it("whoever clears it is somebody else afterwards", () => {
  let made = 0;
  const vault = createVault(memoryStorage(), () => `made-${++made}`);
  expect(vault.clientId()).toBe("made-1");
  vault.saveDraft("draft");
  vault.clear();
  expect(vault.clientId()).toBe("made-2");
  expect(vault.loadDraft()).toBe("");
});
