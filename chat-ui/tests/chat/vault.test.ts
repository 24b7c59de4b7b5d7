import { describe, expect, it } from "vitest";
import { emptyChat } from "../../src/chat/state";
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
    vault.saveChat(emptyChat);
    vault.saveDraft("draft");
    expect(vault.loadChat()).toEqual(emptyChat);
    expect(vault.loadDraft()).toBe("");
    expect(vault.clientId()).toBe("made");
  });
});

it.each([
  "",
  "{",
  "[]",
  "null",
  '{"turns":1}',
  '{"turns":[{"question":"q"}]}',
  '{"turns":[null]}',
  '{"turns":[{"clientMsgId":"m","question":"q","askedAt":1,"fresh":false,"stopped":false,"refusal":null,"answer":{}}]}',
])("a spoiled conversation is forgotten: %s", (stored) => {
  const storage = memoryStorage();
  storage.setItem("energycopilot.conversation.v1", stored);
  expect(createVault(storage, () => "id").loadChat()).toEqual(emptyChat);
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
