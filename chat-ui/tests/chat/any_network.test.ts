/** Whatever the network does to an answer, the page ends with exactly the stored text. */
import fc from "fast-check";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ClientMessage, ServerEvent } from "../../src/protocol/wire";
import { createRig, endOf, type Rig, source, welcome } from "../builders";

const ID = "answer-1";

interface Worker {
  /** Deltas of one epoch, seq 2 onwards; seq 1 holds the sources. */
  readonly deltas: readonly string[];
  /** The worker dies after this many deltas, unless it is the last one. */
  readonly dies: number;
}

/** Fate of one pushed frame. */
type Fate = "arrives" | "twice" | "lost" | "late" | "cut";

/** The answer log of a server, with the frames that its workers push. */
class Server {
  epoch = 0;
  stored: string[] = [];
  ended = false;
  readonly #workers: readonly Worker[];
  readonly #pageSize: number;
  readonly #rig: Rig;
  subscribed = true;

  constructor(rig: Rig, workers: readonly Worker[], pageSize: number) {
    this.#rig = rig;
    this.#workers = workers;
    this.#pageSize = pageSize;
    rig.transport.onOpen = (peer) => peer.accept();
    rig.transport.onSent = (_peer, frame) => this.#answer(JSON.parse(frame) as ClientMessage);
  }

  get text(): string {
    return this.stored.join("");
  }

  /** Every frame that the workers push, in order, each with its effect on the log. */
  *pushes(): Generator<() => ServerEvent> {
    for (const [index, worker] of this.#workers.entries()) {
      const last = index === this.#workers.length - 1;
      const count = last ? worker.deltas.length : Math.min(worker.dies, worker.deltas.length);
      const epoch = index + 1;
      yield () => {
        this.epoch = epoch;
        this.stored = [];
        return { type: "start", answer_id: ID, epoch, cache: "miss" };
      };
      yield () => {
        this.stored.push("");
        return { type: "sources", answer_id: ID, epoch, seq: 1, items: [source(`e${epoch}`)] };
      };
      for (const text of worker.deltas.slice(0, count)) {
        yield () => {
          this.stored.push(text);
          return { type: "delta", answer_id: ID, epoch, seq: this.stored.length, text };
        };
      }
    }
    yield () => {
      this.ended = true;
      return this.#end();
    };
  }

  #end(): ServerEvent {
    return endOf(ID, this.text, { epoch: this.epoch, last_seq: this.stored.length });
  }

  #answer(message: ClientMessage): void {
    if (message.action === "hello") this.#rig.say(welcome);
    if (message.action === "message") {
      this.#rig.say({
        type: "accepted",
        client_msg_id: message.client_msg_id ?? "",
        answer_id: ID,
        conversation_id: "c",
      });
    }
    if (message.action === "resume") {
      this.subscribed = true;
      queueMicrotask(() => this.#snapshot(message.epoch ?? 0, message.after_seq ?? 0));
    }
  }

  #snapshot(epoch: number, afterSeq: number): void {
    let from = epoch === this.epoch ? afterSeq + 1 : 1;
    for (;;) {
      const to = Math.min(from + this.#pageSize - 1, this.stored.length);
      const more = to < this.stored.length;
      this.#rig.say({
        type: "snapshot",
        answer_id: ID,
        epoch: this.epoch,
        from_seq: from,
        to_seq: Math.max(to, from - 1),
        text: this.stored.slice(from - 1, to).join(""),
        sources: from === 1 && to >= 1 ? [source(`e${this.epoch}`)] : [],
        state: this.ended ? "done" : this.epoch === 0 ? "queued" : "streaming",
        more,
      });
      if (!more) break;
      from = to + 1;
    }
    if (this.ended) this.#rig.say(this.#end());
  }
}

const worker: fc.Arbitrary<Worker> = fc.record({
  deltas: fc.array(fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }), { maxLength: 12 }),
  dies: fc.nat(8),
});
const fates = fc.infiniteStream(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Fate>("arrives") },
    { weight: 1, arbitrary: fc.constantFrom<Fate>("twice", "lost", "late", "cut") },
  ),
);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it("fragmented, repeated, reordered, lost, cut and taken over: one complete answer", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(worker, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 6 }),
      fates,
      fc.array(fc.nat(400), { minLength: 1 }),
      async (workers, pageSize, fate, pauses) => {
        const rig = createRig();
        const server = new Server(rig, workers, pageSize);
        const answer = () => rig.session.view().chat.turns[0]?.answer;
        const arrive = (event: ServerEvent) => {
          if (server.subscribed) rig.say(event);
          const { epoch, text } = answer() ?? { epoch: 0, text: "" };
          if (epoch === server.epoch) expect(server.text.startsWith(text)).toBe(true);
        };
        rig.session.start();
        await vi.advanceTimersByTimeAsync(0);
        rig.session.ask("why?");

        let late: ServerEvent[] = [];
        let step = 0;
        for (const push of server.pushes()) {
          const event = push();
          switch (fate.next().value) {
            case "arrives":
              arrive(event);
              break;
            case "twice":
              arrive(event);
              arrive(event);
              break;
            case "late":
              late = [event, ...late];
              break;
            case "cut":
              server.subscribed = false;
              rig.peer().cut();
              break;
            default:
              break;
          }
          if (late.length > 2) {
            for (const event of late) arrive(event);
            late = [];
          }
          await vi.advanceTimersByTimeAsync(pauses[step++ % pauses.length] ?? 0);
        }
        for (const event of late) arrive(event);
        await vi.advanceTimersByTimeAsync(60_000);

        expect(answer()).toMatchObject({
          epoch: server.epoch,
          text: server.text,
          state: "done",
          verified: true,
          sources: [{ id: `e${server.epoch}` }],
        });
        rig.session.close();
      },
    ),
    { numRuns: 300 },
  );
});
