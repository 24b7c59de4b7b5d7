import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TIMING } from "../../src/chat/connection";
import { createVault } from "../../src/chat/vault";
import { WATCHDOG_MS } from "../../src/chat/watchdog";
import { createRig, endOf, memoryStorage, type Rig } from "../builders";
import { memoryArchive } from "../memory_archive";

const accepted = (client_msg_id = "id-2", answer_id = "a1") => ({
  type: "accepted",
  client_msg_id,
  answer_id,
  conversation_id: "c1",
});
const start = { type: "start", answer_id: "a1", epoch: 1, cache: "miss" };
const delta = (seq: number, text: string) => ({
  type: "delta",
  answer_id: "a1",
  epoch: 1,
  seq,
  text,
});

/** A session that is connected; its first question gets the id "id-2" ("id-1" is the client's). */
function connected(options: Parameters<typeof createRig>[0] = {}): Rig {
  const rig = createRig(options);
  rig.session.start();
  rig.greet();
  return rig;
}
const actions = (rig: Rig) => rig.sent().map(({ action }) => action);
const turn = (rig: Rig, index = 0) => rig.session.view().chat.turns[index];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("the connection", () => {
  it("says hello with the same client id after every reconnect", async () => {
    const rig = connected();
    rig.peer().cut();
    await vi.advanceTimersByTimeAsync(1_000);
    rig.greet();
    expect(rig.sent()).toEqual([
      { action: "hello", client_id: "id-1" },
      { action: "hello", client_id: "id-1" },
    ]);
    expect(rig.session.view().connection.phase).toBe("ready");
  });

  it("waits between half a second and twenty between attempts, longer and longer", () => {
    const rig = createRig({ random: () => 0.999 });
    rig.session.start();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      rig.peer().cut();
      const { connection } = rig.session.view();
      if (connection.phase !== "waiting") throw new Error(connection.phase);
      const wait = connection.retryAt - Date.now();
      waits.push(wait);
      vi.advanceTimersByTime(Math.ceil(wait));
    }
    expect(waits[0]).toBeLessThanOrEqual(1_000);
    expect([...waits].sort((a, b) => a - b)).toEqual(waits);
    expect(waits.at(-1)).toBeGreaterThan(19_000);
    expect(waits.at(-1)).toBeLessThanOrEqual(TIMING.retryMost);
  });

  it("retries at once when asked to, and leaves a healthy connection alone", () => {
    const rig = connected();
    rig.session.retryNow();
    expect(rig.transport.peers).toHaveLength(1);
    rig.peer().cut();
    rig.session.retryNow();
    expect(rig.transport.peers).toHaveLength(2);
  });

  it("gives up a connection that is never greeted", () => {
    const rig = createRig();
    rig.session.start();
    rig.peer().accept();
    vi.advanceTimersByTime(TIMING.welcomeWithin);
    expect(rig.session.view().connection.phase).toBe("waiting");
  });

  it("pings before the idle limit and reconnects when no pong comes", () => {
    const rig = connected({ random: () => 0 });
    vi.advanceTimersByTime(TIMING.ping);
    expect(actions(rig)).toEqual(["hello", "ping"]);
    rig.say({ type: "pong", t: 0 });
    vi.advanceTimersByTime(TIMING.pongWithin);
    expect(rig.session.view().connection.phase).toBe("ready");
    vi.advanceTimersByTime(TIMING.ping);
    expect(rig.session.view().connection.phase).toBe("waiting");
  });

  it("replaces itself before API Gateway ends it after two hours", () => {
    const rig = connected({ random: () => 0 });
    rig.transport.onSent = (_peer, frame) => {
      if (frame.includes('"ping"')) rig.say({ type: "pong", t: 0 });
    };
    vi.advanceTimersByTime(TIMING.plannedReconnect - TIMING.plannedReconnectSpread - 1);
    expect(rig.transport.peers).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(rig.transport.peers).toHaveLength(2);
    rig.greet();
    expect(rig.session.view().connection.phase).toBe("ready");
  });
});

describe("a question", () => {
  it("asked without a connection is sent as soon as there is one", () => {
    const rig = createRig();
    rig.session.start();
    rig.session.ask("What is a PPA?");
    expect(rig.sent()).toEqual([]);
    rig.greet();
    expect(rig.sent().at(-1)).toEqual({
      action: "message",
      client_msg_id: "id-2",
      text: "What is a PPA?",
    });
  });

  it("that is not accepted is sent again under the same id, and given back in the end", () => {
    const rig = connected();
    rig.session.ask("lost?");
    for (let round = 0; round < 8; round += 1) {
      vi.advanceTimersByTime(WATCHDOG_MS);
      rig.say({ type: "pong", t: 0 });
    }
    const ids = rig
      .sent()
      .flatMap((message) => (message.action === "message" ? [message.client_msg_id] : []));
    expect(new Set(ids)).toEqual(new Set(["id-2"]));
    expect(ids).toHaveLength(6);
    expect(turn(rig)?.refusal?.code).toBe("unanswered");
  });

  it("follows up in the conversation of the first", () => {
    const rig = connected();
    rig.session.ask("one");
    rig.say(accepted(), start, delta(1, "1"), endOf("a1", "1"));
    rig.session.ask("two", { fresh: true });
    expect(rig.sent().at(-1)).toEqual({
      action: "message",
      client_msg_id: "id-3",
      text: "two",
      conversation_id: "c1",
      parent: "a1",
      fresh: true,
    });
  });

  it("of an unknown conversation is asked again in a new one", () => {
    const rig = connected();
    rig.session.ask("one");
    rig.say(accepted(), start, delta(1, "1"), endOf("a1", "1"));
    rig.session.ask("two");
    rig.say({
      type: "rejected",
      client_msg_id: "id-3",
      code: "unknown_conversation",
      message: "?",
    });
    rig.session.askAgain("id-3");
    expect(rig.sent().at(-1)).toEqual({ action: "message", client_msg_id: "id-4", text: "two" });
    expect(rig.session.view().chat.turns.map(({ question }) => question)).toEqual(["two"]);
    rig.session.open("c1");
    expect(rig.session.view().chat.turns.map(({ question }) => question)).toEqual(["one"]);
  });
});

describe("an open answer", () => {
  it("is resumed when nothing came for five seconds", () => {
    const rig = connected();
    rig.session.ask("q");
    rig.say(accepted(), start, delta(1, "one "));
    vi.advanceTimersByTime(WATCHDOG_MS - 1);
    expect(actions(rig)).not.toContain("resume");
    vi.advanceTimersByTime(1);
    expect(rig.sent().at(-1)).toEqual({
      action: "resume",
      answer_id: "a1",
      epoch: 1,
      after_seq: 1,
    });
  });

  it("makes the page reconnect when even resumes stay without an answer", () => {
    const rig = connected();
    rig.session.ask("q");
    rig.say(accepted());
    vi.advanceTimersByTime(3 * WATCHDOG_MS);
    expect(rig.transport.peers).toHaveLength(2);
  });

  it("is resumed after a reload from where the page was", async () => {
    const archive = memoryArchive();
    const vault = createVault(memoryStorage(), () => "client");
    const before = connected({ archive, vault, ids: ["m1"] });
    before.session.ask("q");
    before.say(accepted("m1"), start, delta(1, "half "));
    before.session.close();

    const after = connected({ archive, vault });
    after.session.open("c1");
    await vi.advanceTimersByTimeAsync(0);
    expect(turn(after)?.answer?.text).toBe("half ");
    expect(after.sent().at(-1)).toEqual({
      action: "resume",
      answer_id: "a1",
      epoch: 1,
      after_seq: 1,
    });
    after.say(delta(2, "done"), endOf("a1", "half done", { last_seq: 2 }));
    expect(turn(after)?.answer).toMatchObject({ text: "half done", verified: true });
  });

  it("that the server no longer knows ends in an error and keeps its text", () => {
    const rig = connected();
    rig.session.ask("q");
    rig.say(accepted(), start, delta(1, "half"));
    rig.say({ type: "error", code: "unknown_answer", message: "No such answer.", ref: "a1" });
    expect(turn(rig)?.answer).toMatchObject({ state: "error", text: "half" });
    expect(turn(rig)?.answer?.end?.error?.code).toBe("unknown_answer");
  });

  it("whose text never matches is shown, marked as unconfirmed, instead of asked for forever", () => {
    const rig = connected();
    rig.session.ask("q");
    rig.say(accepted(), start);
    for (let round = 0; round < 3; round += 1) {
      rig.say(delta(1, "wrong"), endOf("a1", "right"));
    }
    expect(turn(rig)?.answer).toMatchObject({ text: "wrong", state: "done", verified: false });
    expect(actions(rig).filter((action) => action === "resume")).toHaveLength(2);
  });

  it("shows the words of a dead worker until the next one has some", () => {
    const rig = connected();
    rig.session.ask("q");
    rig.say(accepted(), start, delta(1, "old words"), { ...start, epoch: 2 });
    expect(turn(rig)?.answer).toMatchObject({ text: "", earlier: "old words" });
  });
});

describe("stop", () => {
  it("never resumes by itself: not on silence, a gap, a reconnect or a reload", async () => {
    const archive = memoryArchive();
    const rig = connected({ archive, ids: ["c", "m1"] });
    rig.session.ask("q");
    rig.say(accepted("m1"), start, delta(1, "one "));
    rig.session.stop();
    rig.say(delta(3, "three"));
    rig.peer().cut();
    await vi.advanceTimersByTimeAsync(1_000);
    rig.greet();
    rig.session.close();
    const reloaded = connected({ archive });
    reloaded.session.open("c1");
    await vi.advanceTimersByTimeAsync(0);
    expect([...actions(rig), ...actions(reloaded)]).not.toContain("resume");
    expect(reloaded.sent().at(-1)).toEqual({ action: "cancel", answer_id: "a1" });
  });

  it("closes the answer even when the confirmation is lost", () => {
    const rig = connected();
    rig.session.ask("q");
    rig.say(accepted(), start, delta(1, "one "));
    rig.session.stop();
    vi.advanceTimersByTime(2 * WATCHDOG_MS);
    expect(actions(rig).filter((action) => action === "cancel")).toHaveLength(2);
    expect(turn(rig)?.answer).toMatchObject({ state: "cancelled", text: "one " });
  });

  it("before the question was accepted cancels it once it is", () => {
    const rig = connected();
    rig.session.ask("q");
    rig.session.stop();
    rig.say(accepted());
    expect(rig.sent().at(-1)).toEqual({ action: "cancel", answer_id: "a1" });
  });

  it("before the question was sent takes it back", () => {
    const rig = createRig();
    rig.session.start();
    rig.session.ask("q");
    rig.session.stop();
    rig.greet();
    expect(actions(rig)).toEqual(["hello"]);
    expect(rig.session.view().chat.turns).toEqual([]);
  });

  it("accepts an end whose last words are missing", () => {
    const rig = connected();
    rig.session.ask("q");
    rig.say(accepted(), start, delta(1, "one "));
    rig.session.stop();
    rig.say(endOf("a1", "one two", { last_seq: 2, state: "cancelled" }));
    expect(turn(rig)?.answer).toMatchObject({ state: "cancelled", text: "one " });
    expect(actions(rig)).not.toContain("resume");
  });
});
