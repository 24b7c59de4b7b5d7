/** Fetches a conversation that is opened: first what this browser kept, then what the server has. */
import type { Archive } from "./archive";
import type { Conversation, Phase } from "./conversation";
import { digest } from "./digest";
import type { History } from "./history";
import { fromStored } from "./stored";

export interface LoaderOwner {
  /** The conversation as it is in memory now; undefined once it was closed. */
  conversation(key: string): Conversation | undefined;
  found(key: string, copy: Conversation): void;
  phase(key: string, phase: Phase): void;
}

export class Loader {
  readonly #archive: Archive;
  readonly #history: History;
  readonly #owner: LoaderOwner;
  readonly #loading = new Set<string>();

  constructor(archive: Archive, history: History, owner: LoaderOwner) {
    this.#archive = archive;
    this.#history = history;
    this.#owner = owner;
  }

  /** Ends with the conversation `ready`, `missing` or `unreachable`. One load at a time for each. */
  async load(key: string): Promise<void> {
    if (this.#loading.has(key)) return;
    this.#loading.add(key);
    try {
      await this.reread(key);
      await this.#ask(key);
    } finally {
      this.#loading.delete(key);
    }
  }

  /** Takes in what this browser keeps of an open conversation, such as another tab's part of it. */
  async reread(key: string): Promise<void> {
    if (this.#owner.conversation(key) === undefined) return;
    const kept = await this.#archive.load(key);
    if (kept !== null) this.#owner.found(key, kept);
  }

  async #ask(key: string): Promise<void> {
    const id = this.#owner.conversation(key)?.id;
    if (id === undefined) return;
    // The server has not heard of a conversation whose first question it has not accepted yet.
    if (id === null) return this.#owner.phase(key, "ready");
    const found = await this.#history.load(id);
    switch (found.kind) {
      case "found":
        this.#owner.found(key, fromStored(id, found.turns, digest));
        return this.#owner.phase(key, "ready");
      case "missing":
      case "unreachable":
        return this.#owner.phase(key, found.kind);
    }
  }
}
