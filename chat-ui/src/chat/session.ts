/**
 * One person's session: turns what the person does into messages, what arrives into state, and
 * asks again for whatever goes missing. It shows nothing; components subscribe to its view.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Ask, ServerEvent } from "../protocol/wire";
import { awaitsVerification, isOpen } from "./answer";
import { type Chance, Connection, type ConnectionStatus } from "./connection";
import { type ChatState, type Input, isRunning, reduce, type Turn } from "./state";
import type { Transport } from "./transport";
import type { Vault } from "./vault";

/** Without a frame for this long while an answer is open, the page asks what it missed. */
export const WATCHDOG_MS = 5_000;
/** After so many unanswered watchdogs the connection is taken for dead. */
const MAX_SILENCE = 3;
/** A question that was sent so often without being accepted or refused is given back. */
const MAX_SENDS = 6;
const SAVE_AFTER_MS = 300;

/** What components see; a new object after every change. */
export interface View {
  readonly chat: ChatState;
  readonly connection: ConnectionStatus;
}

export interface SessionParts {
  readonly transport: Transport;
  readonly vault: Vault;
  readonly chance: Chance;
  readonly createId: () => string;
}

export class Session {
  #view: View;
  #silence = 0;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #saving: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();
  /** How often each question has left this page since it was loaded. */
  readonly #sends = new Map<string, number>();
  readonly #connection: Connection;
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#view = { chat: parts.vault.loadChat(), connection: { phase: "connecting" } };
    this.#connection = new Connection(
      parts.transport,
      parts.vault.clientId(),
      {
        received: (event) => this.#receive(event),
        changed: (connection) => this.#publish({ ...this.#view, connection }),
      },
      parts.chance,
    );
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly view = (): View => this.#view;

  start(): void {
    this.#connection.open();
  }

  /** Ends the session; whatever was not saved yet is saved. */
  close(): void {
    this.#connection.stop();
    clearTimeout(this.#watchdog);
    this.save();
  }

  /** Asks a question; `fresh` skips the cache. It is sent as soon as there is a connection. */
  ask(question: string, options: { fresh?: boolean } = {}): void {
    const text = question.trim();
    if (text === "") return;
    const clientMsgId = this.#parts.createId();
    const { now } = this.#parts.chance;
    this.#dispatch({
      kind: "asked",
      clientMsgId,
      question: text,
      fresh: options.fresh ?? false,
      now: now(),
    });
    const turn = this.#turn(clientMsgId);
    if (turn !== undefined && this.#connection.isReady) this.#sendQuestion(turn);
    this.#rewatch();
  }

  /** Stops whatever is being answered; what has arrived stays. */
  stop(): void {
    for (const turn of this.#running()) {
      const { clientMsgId, answer } = turn;
      if (answer === null && !this.#sends.has(clientMsgId)) {
        this.#dispatch({ kind: "withdrawn", clientMsgId });
        continue;
      }
      this.#dispatch({ kind: "stopped", clientMsgId });
      if (answer !== null) this.#sendCancel(answer.id);
    }
    this.#rewatch();
  }

  /** Asks the question of a refused, failed or cached turn again. A refused one is replaced. */
  askAgain(clientMsgId: string, options: { fresh?: boolean } = {}): void {
    const turn = this.#turn(clientMsgId);
    if (turn === undefined) return;
    if (turn.refusal?.code === "unknown_conversation") this.#dispatch({ kind: "detached" });
    if (turn.refusal !== null) this.#dispatch({ kind: "withdrawn", clientMsgId });
    this.ask(turn.question, { fresh: options.fresh ?? turn.fresh });
  }

  /** A new conversation; an answer that is still running is stopped. */
  clear(): void {
    this.stop();
    this.#dispatch({ kind: "cleared" });
    this.#rewatch();
    this.save();
  }

  /** Connects at once instead of waiting for the countdown. */
  retryNow(): void {
    this.#connection.retryNow();
  }

  save(): void {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    this.#parts.vault.saveChat(this.#view.chat);
  }

  #receive(event: ServerEvent): void {
    this.#silence = 0;
    this.#dispatch({ kind: "event", event, now: this.#parts.chance.now() });
    if (event.type === "error" && !event.ref) {
      console.warn(`The server refused a frame (${event.code}): ${event.message}`);
    }
    if (event.type === "welcome") this.#catchUp();
    if (event.type === "accepted") this.#cancelIfStopped(event.answer_id);
    if (event.type !== "pong") this.#rewatch();
  }

  /** On every new connection: what was not accepted is sent again, what is open is resumed. */
  #catchUp(): void {
    for (const turn of this.#running()) this.#pursue(turn);
  }

  #pursue(turn: Turn): void {
    const { clientMsgId } = turn;
    if (turn.answer === null) {
      if ((this.#sends.get(clientMsgId) ?? 0) < MAX_SENDS) this.#sendQuestion(turn);
      else this.#dispatch({ kind: "unanswered", clientMsgId });
    } else if (turn.answer.stopped) this.#sendCancel(turn.answer.id);
    else this.#dispatch({ kind: "resume_wanted", answerId: turn.answer.id });
  }

  #cancelIfStopped(answerId: string): void {
    const turn = this.#running().find(({ answer }) => answer?.id === answerId);
    if (turn?.stopped) this.#sendCancel(answerId);
  }

  #rewatch(): void {
    clearTimeout(this.#watchdog);
    if (this.#running().length === 0) return;
    this.#watchdog = setTimeout(() => this.#bark(), WATCHDOG_MS);
  }

  /** Nothing came for a while although something should. */
  #bark(): void {
    if (this.#connection.isReady) {
      this.#silence += 1;
      if (this.#silence >= MAX_SILENCE) {
        this.#silence = 0;
        this.#connection.open();
      } else {
        for (const turn of this.#running()) {
          if (turn.answer?.stopped && this.#silence > 1) {
            this.#dispatch({ kind: "unconfirmed_stop", answerId: turn.answer.id });
          } else this.#pursue(turn);
        }
      }
    }
    this.#rewatch();
  }

  #dispatch(input: Input): void {
    const chat = reduce(this.#view.chat, input);
    if (chat === this.#view.chat) return;
    this.#publish({ ...this.#view, chat });
    this.#saving ??= setTimeout(() => this.save(), SAVE_AFTER_MS);
    this.#settle();
  }

  /** Does what the state calls for: checks complete texts, asks for missing ones. */
  #settle(): void {
    for (const { answer } of this.#view.chat.turns) {
      if (answer === null || !isOpen(answer)) continue;
      if (answer.closing !== null && awaitsVerification(answer)) {
        const matches = digest(answer.text) === answer.closing.sha256.toLowerCase();
        this.#dispatch({ kind: "verified", answerId: answer.id, matches });
        return;
      }
      if (answer.resume === "wanted" && this.#connection.isReady) {
        const { id, epoch, seq } = answer;
        this.#connection.send({ action: "resume", answer_id: id, epoch, after_seq: seq });
        this.#dispatch({ kind: "resume_sent", answerId: id });
        return;
      }
    }
  }

  #sendQuestion(turn: Turn): void {
    const { conversationId } = this.#view.chat;
    const message: Ask = {
      action: "message",
      client_msg_id: turn.clientMsgId,
      text: turn.question,
      ...(conversationId === null ? {} : { conversation_id: conversationId }),
      ...(turn.fresh ? { fresh: true } : {}),
    };
    this.#sends.set(turn.clientMsgId, (this.#sends.get(turn.clientMsgId) ?? 0) + 1);
    this.#connection.send(message);
  }

  #sendCancel(answerId: string): void {
    this.#connection.send({ action: "cancel", answer_id: answerId });
  }

  #running(): readonly Turn[] {
    return this.#view.chat.turns.filter(isRunning);
  }

  #turn(clientMsgId: string): Turn | undefined {
    return this.#view.chat.turns.find((turn) => turn.clientMsgId === clientMsgId);
  }

  #publish(view: View): void {
    this.#view = view;
    for (const listener of this.#listeners) listener();
  }
}

function digest(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
