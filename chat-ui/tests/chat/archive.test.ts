import { IDBFactory } from "fake-indexeddb";
import { createStore, set } from "idb-keyval";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { newAnswer } from "../../src/chat/answer";
import { type Archive, browserDatabase, createArchive } from "../../src/chat/archive";
import { type Conversation, emptyConversation, type Turn } from "../../src/chat/conversation";
import { turnOf } from "../builders";
import { memoryArchive } from "../memory_archive";

const conversation = (key: string, ...turns: Turn[]): Conversation => ({
  ...emptyConversation,
  key,
  id: key,
  turns,
  chosen: new Map([[null, turns[0]?.clientMsgId ?? ""]]),
});

let clock = 0;
beforeEach(() => {
  clock = 1_000;
  vi.stubGlobal("indexedDB", new IDBFactory());
});
afterEach(() => vi.unstubAllGlobals());

const real = () => createArchive(browserDatabase(), () => ++clock);

describe.each([
  ["in IndexedDB", real],
  ["in memory", memoryArchive],
])("an archive %s", (_name, create) => {
  let archive: Archive;
  beforeEach(() => {
    archive = create();
  });

  it("gives back what it was given, and null for what it was not", async () => {
    const kept = conversation("c1", turnOf("m1"), turnOf("m2", { parent: "m1" }));
    expect(await archive.save(kept)).toBeNull();
    expect(await archive.load("c1")).toEqual(kept);
    expect(await archive.load("c2")).toBeNull();
  });

  it("adds to a copy that another tab has written, and loses neither", async () => {
    await archive.save(conversation("c1", turnOf("m1"), turnOf("mine", { parent: "m1" })));
    await archive.save(conversation("c1", turnOf("m1"), turnOf("theirs", { parent: "m1" })));
    const kept = await archive.load("c1");
    expect(kept?.turns.map(({ clientMsgId }) => clientMsgId)).toEqual(["m1", "mine", "theirs"]);
  });

  it("never goes back to an earlier part of an answer", async () => {
    const at = (seq: number, text: string) =>
      turnOf("m1", { answer: { ...newAnswer("a1"), epoch: 1, seq, text } });
    await archive.save(conversation("c1", at(2, "one two")));
    await archive.save(conversation("c1", at(1, "one ")));
    expect((await archive.load("c1"))?.turns[0]?.answer?.text).toBe("one two");
  });

  it("lists what it keeps, the last saved first, and forgets what it is told to", async () => {
    await archive.save(conversation("c1", turnOf("m1")));
    await archive.save(conversation("c2", turnOf("m2")));
    await archive.save(conversation("c1", turnOf("m1")));
    expect((await archive.all()).map(({ key }) => key)).toEqual(["c1", "c2"]);
    await archive.forget("c1");
    expect((await archive.all()).map(({ key }) => key)).toEqual(["c2"]);
    await archive.clear();
    expect(await archive.all()).toEqual([]);
  });

  it("keeps notes beside the conversations", async () => {
    await archive.changeNote<number>("n", (before) => (before ?? 0) + 1);
    await archive.changeNote<number>("n", (before) => (before ?? 0) + 1);
    expect(await archive.note("n")).toBe(2);
    expect(await archive.note("other")).toBeNull();
    expect(await archive.all()).toEqual([]);
  });
});

describe("a browser that", () => {
  it.each([
    ["forbids storage", "SecurityError", "forbidden"],
    ["has no room", "QuotaExceededError", "full"],
  ])("%s is told of, and costs nothing else", async (_name, error, trouble) => {
    const archive = createArchive(() => Promise.reject(new DOMException("no", error)), Date.now);
    expect(await archive.save(conversation("c1", turnOf("m1")))).toBe(trouble);
    expect(await archive.load("c1")).toBeNull();
    expect(await archive.all()).toEqual([]);
    expect(await archive.note("n")).toBeNull();
    await archive.changeNote("n", () => 1);
    await archive.forget("c1");
    await archive.clear();
  });

  it("has no IndexedDB at all is one that forbids it", async () => {
    vi.stubGlobal("indexedDB", undefined);
    expect(await real().save(conversation("c1", turnOf("m1")))).toBe("forbidden");
  });

  it("has no room for more gives up the older half", async () => {
    const database = browserDatabase();
    const roomy = createArchive(database, () => ++clock);
    for (const key of ["c1", "c2", "c3", "c4"]) await roomy.save(conversation(key, turnOf(key)));
    let refusals = 1;
    const tight = createArchive(
      (mode, act) => {
        const refused = mode === "readwrite" && refusals-- > 0;
        if (refused) return Promise.reject(new DOMException("full", "QuotaExceededError"));
        return database(mode, act);
      },
      () => ++clock,
    );
    expect(await tight.save(conversation("c5", turnOf("c5")))).toBeNull();
    expect((await tight.all()).map(({ key }) => key)).toEqual(["c5", "c4", "c3"]);
  });
});

it.each([
  ["nothing", undefined],
  ["a string", "{"],
  ["another version", { version: 2, savedAt: 1, conversation: emptyConversation }],
  ["no turns", { version: 1, savedAt: 1, conversation: { ...emptyConversation, turns: 1 } }],
  ["half a turn", { version: 1, savedAt: 1, conversation: { ...emptyConversation, turns: [{}] } }],
  [
    "half an answer",
    {
      version: 1,
      savedAt: 1,
      conversation: { ...emptyConversation, turns: [{ ...turnOf("m"), answer: {} }] },
    },
  ],
])("a spoiled copy is no copy: %s", async (_name, value) => {
  await set("conversation:c1", value, createStore("energycopilot", "kept"));
  expect(await real().load("c1")).toBeNull();
  expect(await real().all()).toEqual([]);
  expect(await real().save(conversation("c1", turnOf("m1")))).toBeNull();
  expect((await real().load("c1"))?.turns).toHaveLength(1);
});
