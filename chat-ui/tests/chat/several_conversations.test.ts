/** Several conversations, branches, tabs and reloads: what the session makes of them. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { StoredTurn } from "../../src/chat/stored";
import { createVault } from "../../src/chat/vault";
import {
  createRig,
  endOf,
  memoryStorage,
  type Rig,
  type RigOptions,
  scriptedHistory,
} from "../builders";
import { memoryArchive } from "../memory_archive";
import { memoryTabs } from "../memory_tabs";

const accepted = (client_msg_id: string, answer_id: string, conversation_id: string) => ({
  type: "accepted",
  client_msg_id,
  answer_id,
  conversation_id,
});
const delta = (answer_id: string, seq: number, text: string) => ({
  type: "delta",
  answer_id,
  epoch: 1,
  seq,
  text,
});
const served = (answerId: string, more: Partial<StoredTurn> = {}): StoredTurn => ({
  answerId,
  parent: null,
  question: `about ${answerId}`,
  askedAt: 1,
  state: "done",
  text: `stored ${answerId}`,
  sources: [],
  end: endOf(answerId, `stored ${answerId}`),
  feedback: null,
  ...more,
});

/** A connected session whose questions get the ids m1, m2, ... */
function connected(options: RigOptions = {}): Rig {
  const rig = createRig({
    vault: createVault(memoryStorage(), () => "client"),
    ids: ["m1", "m2", "m3", "m4"],
    ...options,
  });
  rig.session.start();
  rig.greet();
  return rig;
}
const settle = () => vi.advanceTimersByTimeAsync(0);
const chat = (rig: Rig) => rig.session.view().chat;
const texts = (rig: Rig) => chat(rig).turns.map(({ answer }) => answer?.text || answer?.earlier);
const questions = (rig: Rig) => chat(rig).turns.map(({ question }) => question);
const answer = (rig: Rig, id: string, words: string) =>
  rig.say(delta(id, 1, words), endOf(id, words));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("another conversation", () => {
  it("is opened while an answer runs in the first, which goes on", () => {
    const rig = connected();
    rig.session.ask("one");
    rig.say(accepted("m1", "a1", "c1"), delta("a1", 1, "be"));
    rig.session.open(null);
    expect(chat(rig)).toMatchObject({ key: "", conversationId: null, turns: [], running: null });
    expect(rig.session.view().answering).toEqual(["c1"]);
    rig.session.ask("two");
    rig.say(accepted("m2", "a2", "c2"), delta("a1", 2, "gun"), delta("a2", 1, "second"));
    expect(texts(rig)).toEqual(["second"]);
    rig.say(endOf("a1", "begun", { last_seq: 2 }));
    expect(rig.session.view().answering).toEqual(["c2"]);
    rig.session.open("c1");
    expect(chat(rig).turns[0]?.answer).toMatchObject({ text: "begun", verified: true });
  });

  it("is not stopped with the one that is shown", () => {
    const rig = connected();
    rig.session.ask("one");
    rig.say(accepted("m1", "a1", "c1"));
    rig.session.open(null);
    rig.session.stop();
    expect(rig.sent().map(({ action }) => action)).not.toContain("cancel");
  });

  it("gets the answers that were asked for in it, whichever is accepted first", () => {
    const rig = connected();
    rig.session.ask("one");
    rig.session.open(null);
    rig.session.ask("two");
    rig.say(delta("a2", 1, "to two"), delta("a1", 1, "to one"));
    rig.say(accepted("m2", "a2", "c2"), accepted("m1", "a1", "c1"));
    expect(texts(rig)).toEqual(["to two"]);
    rig.session.open("c1");
    expect(texts(rig)).toEqual(["to one"]);
  });

  it("is resumed like the one that is shown after a reconnect", async () => {
    const rig = connected();
    rig.session.ask("one");
    rig.say(accepted("m1", "a1", "c1"), delta("a1", 1, "be"));
    rig.session.open(null);
    rig.peer().cut();
    await vi.advanceTimersByTimeAsync(1_000);
    rig.greet();
    expect(rig.sent().at(-1)).toMatchObject({ action: "resume", answer_id: "a1", after_seq: 1 });
  });
});

describe("a conversation of the past", () => {
  it("is loaded from the server, checked, and followed up where it ended", async () => {
    const history = scriptedHistory();
    const turns = [served("a1"), served("a2", { parent: "a1", askedAt: 2 })];
    history.conversations.set("c9", { kind: "found", turns });
    const rig = connected({ history });
    rig.session.open("c9");
    expect(chat(rig)).toMatchObject({ phase: "loading", turns: [] });
    await settle();
    expect(chat(rig).phase).toBe("ready");
    expect(texts(rig)).toEqual(["stored a1", "stored a2"]);
    rig.session.ask("and then?");
    expect(rig.sent().at(-1)).toMatchObject({ conversation_id: "c9", parent: "a2" });
  });

  it("whose answer still runs shows what is stored, and goes on", async () => {
    const history = scriptedHistory();
    const running = served("a1", { state: "streaming", text: "half ", end: null });
    history.conversations.set("c9", { kind: "found", turns: [running] });
    const rig = connected({ history });
    rig.session.open("c9");
    await settle();
    expect(texts(rig)).toEqual(["half "]);
    expect(rig.sent().at(-1)).toMatchObject({ action: "resume", answer_id: "a1", after_seq: 0 });
    rig.say(delta("a1", 1, "half "), delta("a1", 2, "done"));
    rig.say(endOf("a1", "half done", { last_seq: 2 }));
    expect(texts(rig)).toEqual(["half done"]);
  });

  it("that no longer exists is said to; the next question begins a new one", async () => {
    const rig = connected();
    rig.session.open("c9");
    await settle();
    expect(chat(rig)).toMatchObject({ key: "c9", phase: "missing", turns: [] });
    rig.session.ask("hello?");
    expect(rig.sent().at(-1)).not.toHaveProperty("conversation_id");
    expect(questions(rig)).toEqual(["hello?"]);
  });

  it("that cannot be fetched shows what this browser kept, and is fetched on reconnect", async () => {
    const archive = memoryArchive();
    const first = connected({ archive });
    first.session.ask("one");
    first.say(accepted("m1", "a1", "c1"));
    answer(first, "a1", "kept");
    first.session.close();
    const history = scriptedHistory();
    history.conversations.set("c1", { kind: "unreachable" });
    const rig = connected({ archive, history });
    rig.session.open("c1");
    await settle();
    expect(chat(rig).phase).toBe("unreachable");
    expect(texts(rig)).toEqual(["kept"]);
    const turns = [
      served("a1", { text: "kept", end: endOf("a1", "kept") }),
      served("a2", { parent: "a1", askedAt: Date.now() + 1 }),
    ];
    history.conversations.set("c1", { kind: "found", turns });
    rig.peer().cut();
    await vi.advanceTimersByTimeAsync(1_000);
    rig.greet();
    await settle();
    expect(chat(rig).phase).toBe("ready");
    expect(texts(rig)).toEqual(["kept", "stored a2"]);
  });
});

describe("branches", () => {
  async function asked(): Promise<Rig> {
    const rig = connected();
    rig.session.ask("one");
    rig.say(accepted("m1", "a1", "c1"));
    answer(rig, "a1", "first");
    return rig;
  }

  it("an edited question is asked beside the first one, and both can be shown", async () => {
    const rig = await asked();
    rig.session.edit("m1", "one, better");
    expect(rig.sent().at(-1)).toMatchObject({ text: "one, better", parent: "root" });
    rig.say(accepted("m2", "a2", "c1"));
    answer(rig, "a2", "second");
    expect(texts(rig)).toEqual(["second"]);
    expect(chat(rig).forks.get("m2")).toMatchObject({ position: 2, count: 2, previous: "m1" });
    rig.session.choose("m1");
    expect(questions(rig)).toEqual(["one"]);
    rig.session.ask("more of one");
    expect(rig.sent().at(-1)).toMatchObject({ conversation_id: "c1", parent: "a1" });
  });

  it("an answer is generated again beside itself, so that its words stay", async () => {
    const rig = await asked();
    rig.session.ask("two");
    rig.say(accepted("m2", "a2", "c1"), delta("a2", 1, "half"));
    rig.say(endOf("a2", "half", { state: "truncated" }));
    rig.session.askAgain("m2", { fresh: true });
    expect(rig.sent().at(-1)).toMatchObject({ text: "two", fresh: true, parent: "a1" });
    expect(chat(rig).forks.get("m3")).toMatchObject({ position: 2, count: 2, previous: "m2" });
    rig.session.choose("m2");
    expect(texts(rig)).toEqual(["first", "half"]);
  });

  it("a refused question is replaced, not branched", async () => {
    const rig = await asked();
    rig.session.ask("two");
    rig.say({ type: "rejected", client_msg_id: "m2", code: "busy", message: "?" });
    rig.session.askAgain("m2");
    expect(questions(rig)).toEqual(["one", "two"]);
    expect(chat(rig).forks.size).toBe(0);
  });
});

describe("a reload", () => {
  it("goes on with every running answer and every unsent question, shown or not", async () => {
    const archive = memoryArchive();
    const first = connected({ archive });
    first.session.ask("one");
    first.say(accepted("m1", "a1", "c1"), delta("a1", 1, "be"));
    first.session.open(null);
    first.peer().cut();
    first.session.ask("never sent");
    first.session.close();
    await settle();

    const rig = connected({ archive });
    await settle();
    expect(rig.sent()).toContainEqual({
      action: "resume",
      answer_id: "a1",
      epoch: 1,
      after_seq: 1,
    });
    expect(rig.sent()).toContainEqual({
      action: "message",
      client_msg_id: "m2",
      text: "never sent",
    });
    expect(chat(rig).turns).toEqual([]);
    rig.session.open("m2");
    expect(questions(rig)).toEqual(["never sent"]);
  });

  it("finds a question under the name that the server gave its conversation", async () => {
    const archive = memoryArchive();
    const first = connected({ archive });
    first.session.ask("one");
    await settle();
    expect((await archive.all()).map(({ key }) => key)).toEqual(["m1"]);
    first.say(accepted("m1", "a1", "c1"));
    await settle();
    expect((await archive.all()).map(({ key }) => key)).toEqual(["c1"]);
    expect(chat(first).key).toBe("c1");
  });
});

describe("a second tab", () => {
  function twoTabs(): [Rig, Rig] {
    const archive = memoryArchive();
    const tab = memoryTabs();
    const history = scriptedHistory();
    history.conversations.set("c1", { kind: "found", turns: [] });
    const mine = connected({ archive, history, tabs: tab() });
    const other = connected({ archive, history, tabs: tab(), ids: ["n1", "n2"] });
    return [mine, other];
  }

  it("that has the conversation open shows what the first one asks, and its answer", async () => {
    const [mine, other] = twoTabs();
    mine.session.ask("one");
    mine.say(accepted("m1", "a1", "c1"));
    answer(mine, "a1", "first");
    await settle();
    other.session.open("c1");
    await settle();
    expect(texts(other)).toEqual(["first"]);

    mine.session.ask("two");
    mine.say(accepted("m2", "a2", "c1"), delta("a2", 1, "sec"));
    await settle();
    expect(questions(other)).toEqual(["one", "two"]);
    expect(other.sent().at(-1)).toMatchObject({ action: "resume", answer_id: "a2" });
    other.say(delta("a2", 1, "sec"), delta("a2", 2, "ond"));
    other.say(endOf("a2", "second", { last_seq: 2 }));
    expect(texts(other)).toEqual(["first", "second"]);
  });

  it("hears of a conversation that was deleted, and shows an empty one", async () => {
    const [mine, other] = twoTabs();
    mine.session.ask("one");
    mine.say(accepted("m1", "a1", "c1"));
    answer(mine, "a1", "first");
    await settle();
    other.session.open("c1");
    await settle();
    mine.session.discard("c1");
    await settle();
    expect(chat(mine)).toMatchObject({ key: "", turns: [] });
    expect(chat(other)).toMatchObject({ key: "", turns: [] });
    expect(await mine.archive.all()).toEqual([]);
  });

  it("both keep what the other one asks at the same time", async () => {
    const [mine, other] = twoTabs();
    mine.session.ask("one");
    mine.say(accepted("m1", "a1", "c1"));
    answer(mine, "a1", "first");
    await settle();
    other.session.open("c1");
    await settle();
    mine.session.ask("mine");
    other.session.ask("theirs");
    await settle();
    await settle();
    const kept = await mine.archive.load("c1");
    expect(kept?.turns.map(({ question }) => question).sort()).toEqual(["mine", "one", "theirs"]);
    expect(questions(mine)).toEqual(["one", "mine"]);
    expect(questions(other)).toEqual(["one", "theirs"]);
  });
});

it("deleting all of it stops what runs and leaves nothing in the browser", async () => {
  const rig = connected();
  rig.session.ask("one");
  rig.say(accepted("m1", "a1", "c1"), delta("a1", 1, "half"));
  rig.vault.saveDraft("draft");
  await rig.session.discardAll();
  await settle();
  expect(rig.sent().at(-1)).toEqual({ action: "cancel", answer_id: "a1" });
  expect(chat(rig)).toMatchObject({ key: "", turns: [] });
  expect(await rig.archive.all()).toEqual([]);
  expect(rig.vault.loadDraft()).toBe("");
});

it("tells why this browser keeps nothing", async () => {
  const archive = { ...memoryArchive(), save: async () => "forbidden" as const };
  const rig = connected({ archive });
  expect(rig.session.view().storage).toBeNull();
  rig.session.ask("one");
  await settle();
  expect(rig.session.view().storage).toBe("forbidden");
});

it("a judgement is noted with its turn and survives a reload", async () => {
  const archive = memoryArchive();
  const rig = connected({ archive });
  rig.session.ask("one");
  rig.say(accepted("m1", "a1", "c1"));
  answer(rig, "a1", "first");
  rig.session.rate("a1", { rating: "down", reason: "outdated" });
  rig.session.close();
  await settle();
  expect((await archive.load("c1"))?.turns[0]?.feedback).toEqual({
    rating: "down",
    reason: "outdated",
  });
});
