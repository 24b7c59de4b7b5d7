/** Watches for silence: barks when nothing came for a while although something should. */

/** Without a frame for this long while an answer is open, the page asks what it missed. */
export const WATCHDOG_MS = 5_000;
/** After so many unanswered barks the connection is taken for dead. */
const MAX_SILENCE = 3;

export interface Watched {
  /** Whether anything is to come. */
  readonly expects: () => boolean;
  /** Whether there is a connection to ask through. */
  readonly isReady: () => boolean;
  /** Asks for what is missing; `barks` counts those since something came, from 1. */
  readonly ask: (barks: number) => void;
  /** Gives the connection up for a new one. */
  readonly reconnect: () => void;
}

export class Watchdog {
  #barks = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #watched: Watched;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** Something came, whatever it was. */
  heard(): void {
    this.#barks = 0;
  }

  /** Begins to wait, anew, if there is anything to wait for. */
  watch(): void {
    clearTimeout(this.#timer);
    if (this.#watched.expects()) this.#timer = setTimeout(() => this.#bark(), WATCHDOG_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #bark(): void {
    if (this.#watched.isReady()) {
      this.#barks += 1;
      if (this.#barks < MAX_SILENCE) this.#watched.ask(this.#barks);
      else {
        this.#barks = 0;
        this.#watched.reconnect();
      }
    }
    this.watch();
  }
}
