/** Sessions and wire events for tests. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { type Answer, newAnswer } from "../src/chat/answer";
import type { Archive } from "../src/chat/archive";
import type { Turn } from "../src/chat/conversation";
import type { Found, History } from "../src/chat/history";
import {
  type InProcessTransport,
  inProcessTransport,
  type Peer,
} from "../src/chat/in_process_transport";
import { Session } from "../src/chat/session";
import type { Tabs } from "../src/chat/tabs";
import type { Transport } from "../src/chat/transport";
import { createVault, type Vault } from "../src/chat/vault";
import type { ClientMessage, End, ServerEvent, Source } from "../src/protocol/wire";
import { memoryArchive } from "./memory_archive";
import { memoryTabs } from "./memory_tabs";

export const digest = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)));

export const welcome: ServerEvent = {
  type: "welcome",
  limits: { question_chars: 4000, frame_bytes: 32768, questions_per_minute: 20 },
  server_time: 0,
  heartbeat_s: 300,
  user: "local",
};

export const source = (id: string, more: Partial<Source> = {}): Source => ({
  id,
  title: `Document ${id}`,
  snippet: `Snippet of document ${id}.`,
  score: 0.5,
  document: `documents/${id}.md`,
  chunk_id: `chunk-${id}`,
  ...more,
});

export const endOf = (answer_id: string, text: string, more: Partial<End> = {}): End => ({
  type: "end",
  answer_id,
  epoch: 1,
  last_seq: 1,
  state: "done",
  finish_reason: "stop",
  sha256: digest(text),
  citations: [],
  ...more,
});

/** A turn that was asked at the start of time, so that turns keep their order. */
export const turnOf = (clientMsgId: string, more: Partial<Turn> = {}): Turn => ({
  clientMsgId,
  parent: null,
  question: `question ${clientMsgId}`,
  fresh: false,
  askedAt: 0,
  answer: null,
  refusal: null,
  stopped: false,
  withdrawn: false,
  feedback: null,
  ...more,
});

/** A complete answer for `turnOf`. */
export const answered = (id: string, text = `answer ${id}`): { answer: Answer } => ({
  answer: {
    ...newAnswer(id),
    epoch: 1,
    seq: 1,
    text,
    state: "done",
    end: endOf(id, text),
    verified: true,
  },
});

/** A `Storage` in memory. */
export function memoryStorage(): Storage {
  const items = new Map<string, string>();
  return {
    get length() {
      return items.size;
    },
    clear: () => items.clear(),
    getItem: (key) => items.get(key) ?? null,
    key: (index) => [...items.keys()][index] ?? null,
    removeItem: (key) => void items.delete(key),
    setItem: (key, value) => void items.set(key, value),
  };
}

/** A server's history: what is not set here it does not have. */
export function scriptedHistory(): History & { readonly conversations: Map<string, Found> } {
  const conversations = new Map<string, Found>();
  return {
    conversations,
    load: async (id) => conversations.get(id) ?? { kind: "missing" },
  };
}

export interface Rig {
  readonly session: Session;
  readonly transport: InProcessTransport;
  readonly vault: Vault;
  readonly archive: Archive;
  /** The newest connection. */
  peer(): Peer;
  /** What the client sent on every connection, oldest first. */
  sent(): ClientMessage[];
  say(...events: readonly (ServerEvent | Record<string, unknown>)[]): void;
  /** Accepts the newest connection and greets. */
  greet(): void;
}

export interface RigOptions {
  readonly vault?: Vault;
  readonly archive?: Archive;
  readonly history?: History;
  readonly tabs?: Tabs;
  readonly ids?: readonly string[];
  readonly random?: () => number;
}

export function createRig(options: RigOptions = {}): Rig {
  const transport = inProcessTransport();
  const ids = [...(options.ids ?? [])];
  let made = 0;
  const createId = () => ids.shift() ?? `id-${++made}`;
  const vault = options.vault ?? createVault(memoryStorage(), createId);
  const archive = options.archive ?? memoryArchive();
  const history = options.history ?? scriptedHistory();
  const session = new Session({
    transport: transport as Transport,
    vault,
    archive,
    history,
    tabs: options.tabs ?? memoryTabs()(),
    chance: { now: () => Date.now(), random: options.random ?? (() => 0.5) },
    createId,
  });
  const peer = () => {
    const newest = transport.peers.at(-1);
    if (newest === undefined) throw new Error("nobody has connected");
    return newest;
  };
  const rig: Rig = {
    session,
    transport,
    vault,
    archive,
    peer,
    sent: () =>
      transport.peers.flatMap(({ sent }) =>
        sent.map((frame) => JSON.parse(frame) as ClientMessage),
      ),
    say: (...events) => {
      for (const event of events) peer().deliver(JSON.stringify(event));
    },
    greet: () => {
      peer().accept();
      rig.say(welcome);
    },
  };
  return rig;
}
