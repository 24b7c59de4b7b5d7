/** Whatever the network does to an answer, the page ends with exactly the stored text. */
import fc from "fast-check";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createVault } from "../../src/chat/vault";
import type { ClientMessage, ServerEvent } from "../../src/protocol/wire";
import { createRig, endOf, memoryStorage, type Rig, source, welcome } from "../builders";
import { memoryArchive } from "../memory_archive";
import { memoryTabs } from "../memory_tabs";

const ID = "answer-1";
const CONVERSATION = "c";

interface Worker {
  /** Deltas of one epoch, seq 2 onwards; seq 1 holds the sources. */
  readonly deltas: readonly string[];
  /** The worker dies after this many deltas, unless it is the last one. */
  readonly dies: number;
}

/** Fate of one pushed frame; after the last two it is lost to the page that is gone, or that is new. */
type Fate = "arrives" | "twice" | "lost" | "late" | "cut" | "reload" | "tab";

/** One browser, of which pages come and go. */
class Browser {
  readonly #archive = memoryArchive();
  readonly #tab = memoryTabs();
  readonly #vault = createVault(memoryStorage(), () => "client");
  readonly #server: Server;
  /** The pages that are open; the first one asked the question, or took over from it. */
  readonly pages: Rig[] = [];
  #opened = 0;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Opens a page at the start, or at the conversation. */
  async open(key: string | null): Promise<Rig> {
    const made = ++this.#opened;
    const page = createRig({
      archive: this.#archive,
      vault: this.#vault,
      tabs: this.#tab(),
      ids: [`question-of-page-${made}`],
      history: { load: async () => ({ kind: "unreachable" }) },
    });
    this.#server.serve(page);
    this.pages.push(page);
    page.session.start();
    page.session.open(key);
    await vi.advanceTimersByTimeAsync(0);
    return page;
  }

  /** What can be read of the conversation is kept by the browser: the server's history is away. */
  async reload(): Promise<void> {
    const page = this.pages.shift();
    const key = page?.session.view().chat.key ?? null;
    page?.session.close();
    await vi.advanceTimersByTimeAsync(0);
    await this.open(key);
  }
}

/** The answer log of a server, with the frames that its workers push. */
class Server {
  epoch = 0;
  stored: string[] = [];
  ended = false;
  readonly #workers: readonly Worker[];
  readonly #pageSize: number;
  /** The pages that frames are pushed to. */
  readonly subscribers = new Set<Rig>();

  constructor(workers: readonly Worker[], pageSize: number) {
    this.#workers = workers;
    this.#pageSize = pageSize;
  }

  serve(page: Rig): void {
    page.transport.onOpen = (peer) => peer.accept();
    page.transport.onSent = (_peer, frame) => this.#answer(page, JSON.parse(frame));
  }

  push(event: ServerEvent): void {
    for (const page of this.subscribers) page.say(event);
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

  #answer(page: Rig, message: ClientMessage): void {
    if (message.action === "hello") page.say(welcome);
    if (message.action === "message") {
      this.subscribers.add(page);
      page.say({
        type: "accepted",
        client_msg_id: message.client_msg_id ?? "",
        answer_id: ID,
        conversation_id: CONVERSATION,
      });
    }
    if (message.action === "resume") {
      this.subscribers.add(page);
      const { epoch = 0, after_seq = 0 } = message;
      queueMicrotask(() => this.#snapshot(page, epoch, after_seq));
    }
  }

  #snapshot(page: Rig, epoch: number, afterSeq: number): void {
    let from = epoch === this.epoch ? afterSeq + 1 : 1;
    for (;;) {
      const to = Math.min(from + this.#pageSize - 1, this.stored.length);
      const more = to < this.stored.length;
      page.say({
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
    if (this.ended) page.say(this.#end());
  }
}

const worker: fc.Arbitrary<Worker> = fc.record({
  deltas: fc.array(fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }), { maxLength: 12 }),
  dies: fc.nat(8),
});
const fates = fc.infiniteStream(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Fate>("arrives") },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Fate>("twice", "lost", "late", "cut", "reload", "tab"),
    },
  ),
);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it("fragmented, repeated, reordered, lost, cut, taken over, reloaded, opened twice: one answer", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(worker, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 6 }),
      fates,
      fc.array(fc.nat(400), { minLength: 1 }),
      async (workers, pageSize, fate, pauses) => {
        const server = new Server(workers, pageSize);
        const browser = new Browser(server);
        const arrive = (event: ServerEvent) => {
          server.push(event);
          for (const page of browser.pages) expect(isPartOf(page, server)).toBe(true);
        };
        const asked = await browser.open(null);
        asked.session.ask("why?");

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
              server.subscribers.clear();
              for (const page of browser.pages) page.peer().cut();
              break;
            case "reload":
              for (const page of browser.pages.slice(0, 1)) server.subscribers.delete(page);
              await browser.reload();
              break;
            case "tab":
              if (browser.pages.length < 3) await browser.open(CONVERSATION);
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

        for (const page of browser.pages) {
          const { turns } = page.session.view().chat;
          expect(turns.map(({ question, answer }) => ({ question, answer }))).toMatchObject([
            {
              question: "why?",
              answer: {
                epoch: server.epoch,
                text: server.text,
                state: "done",
                verified: true,
                sources: [{ id: `e${server.epoch}` }],
              },
            },
          ]);
          page.session.close();
        }
      },
    ),
    { numRuns: 300 },
  );
});

/** What a page has of the present epoch is the beginning of what is stored. */
function isPartOf(page: Rig, server: Server): boolean {
  const answer = page.session.view().chat.turns[0]?.answer ?? null;
  return answer === null || answer.epoch !== server.epoch || server.text.startsWith(answer.text);
}
