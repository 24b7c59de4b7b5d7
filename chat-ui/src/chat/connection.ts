/**
 * Keeps one connection alive: hello on open, heartbeat, reconnect with full jitter, and a planned
 * reconnect before API Gateway ends the connection after two hours. It knows nothing of answers.
 */
import { createDecoder, encodeMessage } from "../protocol/codec";
import type { ClientMessage, ServerEvent } from "../protocol/wire";
import type { Socket, Transport } from "./transport";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** All in milliseconds. */
export const TIMING = {
  /** From starting to connect to `welcome`. */
  welcomeWithin: 10 * SECOND,
  pongWithin: 10 * SECOND,
  ping: 5 * MINUTE,
  /** Share of the ping interval that is random, so that many pages do not ping in step. */
  pingJitter: 0.2,
  plannedReconnect: 110 * MINUTE,
  plannedReconnectSpread: 5 * MINUTE,
  retryLeast: 0.5 * SECOND,
  retryMost: 20 * SECOND,
} as const;

export type ConnectionStatus =
  | { readonly phase: "connecting" }
  | { readonly phase: "ready" }
  | { readonly phase: "waiting"; readonly retryAt: number }
  | { readonly phase: "stopped" };

export interface ConnectionOwner {
  received(event: ServerEvent): void;
  changed(status: ConnectionStatus): void;
}

export interface Chance {
  /** Milliseconds since 1970. */
  now(): number;
  /** A number in [0, 1). */
  random(): number;
}

type Timer = ReturnType<typeof setTimeout>;

export class Connection {
  #socket: Socket | null = null;
  #failures = 0;
  #ready = false;
  readonly #timers = new Map<"retry" | "welcome" | "ping" | "pong" | "planned", Timer>();
  readonly #decode = createDecoder();

  readonly #transport: Transport;
  readonly #clientId: string;
  readonly #owner: ConnectionOwner;
  readonly #chance: Chance;

  constructor(transport: Transport, clientId: string, owner: ConnectionOwner, chance: Chance) {
    this.#transport = transport;
    this.#clientId = clientId;
    this.#owner = owner;
    this.#chance = chance;
  }

  get isReady(): boolean {
    return this.#ready;
  }

  /** Connects, or connects anew at once: also what "Retry now" does. */
  open(): void {
    this.#drop();
    this.#owner.changed({ phase: "connecting" });
    this.#after("welcome", TIMING.welcomeWithin, () => this.#lost());
    this.#socket = this.#transport.open({
      opened: () => this.send({ action: "hello", client_id: this.#clientId }),
      received: (frame) => this.#receive(frame),
      closed: () => this.#lost(),
    });
  }

  /** "Retry now", a network that came back: does nothing while all is well. */
  retryNow(): void {
    if (this.#timers.has("retry")) this.open();
  }

  stop(): void {
    this.#drop();
    this.#owner.changed({ phase: "stopped" });
  }

  send(message: ClientMessage): void {
    this.#socket?.send(encodeMessage(message));
  }

  #receive(frame: string): void {
    const event = this.#decode(frame);
    if (event === null) return;
    if (event.type === "pong") this.#clear("pong");
    if (event.type === "welcome") this.#welcomed();
    this.#owner.received(event);
  }

  #welcomed(): void {
    this.#clear("welcome");
    this.#failures = 0;
    this.#ready = true;
    this.#schedulePing();
    const spread = (2 * this.#chance.random() - 1) * TIMING.plannedReconnectSpread;
    this.#after("planned", TIMING.plannedReconnect + spread, () => this.open());
    this.#owner.changed({ phase: "ready" });
  }

  #schedulePing(): void {
    const wait = TIMING.ping * (1 - TIMING.pingJitter * this.#chance.random());
    this.#after("ping", wait, () => {
      this.#schedulePing();
      this.#after("pong", TIMING.pongWithin, () => this.#lost());
      this.send({ action: "ping", t: this.#chance.now() });
    });
  }

  /** The socket is gone, or as good as gone. */
  #lost(): void {
    this.#drop();
    const { retryLeast, retryMost } = TIMING;
    const ceiling = Math.min(retryMost, 2 * retryLeast * 2 ** this.#failures);
    const wait = retryLeast + this.#chance.random() * (ceiling - retryLeast);
    this.#failures += 1;
    this.#after("retry", wait, () => this.open());
    this.#owner.changed({ phase: "waiting", retryAt: this.#chance.now() + wait });
  }

  #drop(): void {
    for (const name of [...this.#timers.keys()]) this.#clear(name);
    this.#ready = false;
    this.#socket?.close();
    this.#socket = null;
  }

  #after(name: "retry" | "welcome" | "ping" | "pong" | "planned", ms: number, act: () => void) {
    this.#clear(name);
    this.#timers.set(
      name,
      setTimeout(() => {
        this.#timers.delete(name);
        act();
      }, ms),
    );
  }

  #clear(name: "retry" | "welcome" | "ping" | "pong" | "planned"): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
}
