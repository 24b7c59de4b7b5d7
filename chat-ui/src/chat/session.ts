/**
 * One person's session: turns what the person does into messages, what arrives into state, and
 * asks again for whatever goes missing. It shows nothing; components subscribe to its view.
 */
import type { Ask, ServerEvent } from "../protocol/wire";
import { awaitsVerification, isOpen } from "./answer";
import type { Archive } from "./archive";
import { type Chance, Connection } from "./connection";
import {
  type Conversation,
  DRAFT,
  type Feedback,
  isRunning,
  type Turn,
  wireParent,
} from "./conversation";
import { digest } from "./digest";
import type { History } from "./history";
import { Keeper } from "./keeper";
import { Loader } from "./loader";
import { conversationOf, runningTurns, shownConversation } from "./open_conversations";
import { type ChatState, emptyChat, type Input, reduce } from "./state";
import type { Tabs } from "./tabs";
import type { Transport } from "./transport";
import type { Vault } from "./vault";
import { type View, viewAnswering, viewChat, viewOpen } from "./view";
import { Watchdog } from "./watchdog";

export type { View };

/** A question that was sent so often without being accepted or refused is given back. */
const MAX_SENDS = 6;

export interface SessionParts {
  readonly transport: Transport;
  readonly vault: Vault;
  readonly archive: Archive;
  readonly history: History;
  readonly tabs: Tabs;
  readonly chance: Chance;
  readonly createId: () => string;
}

export class Session {
  #state: ChatState = emptyChat;
  #view: View;
  /** An answer to show the branch of, once it is there. */
  #awaited: { readonly key: string; readonly answerId: string } | null = null;
  #leaveTabs: () => void = () => {};
  readonly #listeners = new Set<() => void>();
  /** How often each question has left this page since it was loaded. */
  readonly #sends = new Map<string, number>();
  readonly #connection: Connection;
  readonly #keeper: Keeper;
  readonly #loader: Loader;
  readonly #watchdog: Watchdog;
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#view = {
      chat: viewChat(emptyChat),
      connection: { phase: "connecting" },
      answering: [],
      open: [],
      storage: null,
    };
    this.#keeper = new Keeper(parts.archive, parts.tabs, {
      kept: (storage) => {
        if (storage !== this.#view.storage) this.#publish({ ...this.#view, storage });
      },
    });
    this.#loader = new Loader(parts.archive, parts.history, {
      conversation: (key) => this.#state.conversations.find((other) => other.key === key),
      found: (key, copy) => this.#adopt(key, copy),
      phase: (key, phase) => this.#dispatch({ kind: "phase", key, phase }),
    });
    this.#connection = new Connection(
      parts.transport,
      parts.vault.clientId(),
      {
        received: (event) => this.#receive(event),
        changed: (connection) => this.#publish({ ...this.#view, connection }),
      },
      parts.chance,
    );
    this.#watchdog = new Watchdog({
      expects: () => this.#running().length > 0,
      isReady: () => this.#connection.isReady,
      ask: (barks) => this.#askForMissing(barks),
      reconnect: () => this.#connection.open(),
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly view = (): View => this.#view;

  start(): void {
    this.#leaveTabs = this.#parts.tabs.listen((tidings) => {
      if (tidings.kind === "changed") void this.#loader.reread(tidings.key);
      else if (tidings.kind === "deleted") this.#dispatch({ kind: "closed", key: tidings.key });
      else this.#dispatch({ kind: "emptied" });
    });
    this.#connection.open();
    void this.#finish();
  }

  /** Ends the session; whatever was not saved yet is saved. */
  close(): void {
    this.#connection.stop();
    this.#watchdog.stop();
    this.#leaveTabs();
    this.save();
  }

  /**
   * Shows a conversation, by the server's id or by its `key`; an empty one for `null`. `reveal` is an
   * answer whose branch is to be shown, now or once it has been loaded.
   */
  open(key: string | null, options: { reveal?: string } = {}): void {
    this.#dispatch({ kind: "opened", key: key ?? DRAFT });
    const { reveal } = options;
    this.#awaited = key !== null && reveal !== undefined ? { key, answerId: reveal } : null;
    this.#revealAwaited();
    if (key !== null && key !== DRAFT) void this.#loader.load(key);
  }

  /**
   * Asks a question in the conversation that is shown. `fresh` skips the cache; `parent` is the
   * `clientMsgId` of the turn it follows (by default the last one that is shown, `null` for a new
   * beginning). It is sent as soon as there is a connection.
   */
  ask(question: string, options: { fresh?: boolean; parent?: string | null } = {}): void {
    const text = question.trim();
    if (text === "") return;
    if (this.#view.chat.phase === "missing") this.open(null);
    const { key, turns } = this.#view.chat;
    const last = turns.at(-1)?.clientMsgId ?? null;
    const clientMsgId = this.#parts.createId();
    this.#dispatch({
      kind: "asked",
      key,
      clientMsgId,
      parent: options.parent === undefined ? last : options.parent,
      question: text,
      fresh: options.fresh ?? false,
      now: this.#parts.chance.now(),
    });
    if (this.#connection.isReady) this.#sendQuestion(clientMsgId);
    this.#watchdog.watch();
  }

  /** Asks another question in place of one: a branch beside it. */
  edit(clientMsgId: string, question: string): void {
    const turn = this.#turn(clientMsgId);
    if (turn !== undefined) this.ask(question, { parent: turn.parent });
  }

  /**
   * Asks the question of a turn again: beside it, as a branch, so that what had come stays; a
   * refused one is replaced.
   */
  askAgain(clientMsgId: string, options: { fresh?: boolean } = {}): void {
    const turn = this.#turn(clientMsgId);
    if (turn === undefined) return;
    const fresh = options.fresh ?? turn.fresh;
    if (turn.refusal !== null) this.#dispatch({ kind: "withdrawn", clientMsgId });
    if (turn.refusal?.code === "unknown_conversation") this.open(null);
    const inPlace = this.#view.chat.key !== DRAFT;
    this.ask(turn.question, { fresh, parent: inPlace ? turn.parent : null });
  }

  /** Shows the branch that a turn begins. */
  choose(clientMsgId: string): void {
    this.#dispatch({ kind: "chosen", clientMsgId });
  }

  /** Stops what is being answered in the conversation that is shown; what has arrived stays. */
  stop(): void {
    this.#stopIn(this.#view.chat.key);
  }

  /** Notes a judgement on the page; telling the server is the caller's. */
  rate(answerId: string, feedback: Feedback | null): void {
    this.#dispatch({ kind: "rated", answerId, feedback });
  }

  /** Takes a deleted conversation out of this browser. An answer that runs in it is stopped. */
  discard(key: string): void {
    this.#stopIn(key);
    this.#dispatch({ kind: "closed", key });
    void this.#keeper.forget(key);
  }

  /** Takes everything out of this browser. Running answers are stopped. */
  async discardAll(): Promise<void> {
    for (const { key } of this.#state.conversations) this.#stopIn(key);
    await this.#keeper.save();
    this.#dispatch({ kind: "emptied" });
    await this.#parts.archive.clear();
    this.#parts.vault.clear();
    this.#parts.tabs.tell({ kind: "cleared" });
  }

  /** Connects at once instead of waiting for the countdown, and loads what could not be loaded. */
  retryNow(): void {
    this.#connection.retryNow();
    this.#reloadShown();
  }

  save(): void {
    void this.#keeper.save();
  }

  #stopIn(key: string): void {
    const conversation = this.#state.conversations.find((other) => other.key === key);
    for (const { clientMsgId, answer } of conversation?.turns.filter(isRunning) ?? []) {
      if (answer === null && !this.#sends.has(clientMsgId)) {
        this.#dispatch({ kind: "withdrawn", clientMsgId });
        continue;
      }
      this.#dispatch({ kind: "stopped", clientMsgId });
      if (answer !== null) this.#sendCancel(answer.id);
    }
    this.#watchdog.watch();
  }

  #receive(event: ServerEvent): void {
    this.#watchdog.heard();
    this.#dispatch({ kind: "event", event, now: this.#parts.chance.now() });
    if (event.type === "error" && !event.ref) {
      console.warn(`The server refused a frame (${event.code}): ${event.message}`);
    }
    if (event.type === "welcome") this.#catchUp();
    if (event.type === "accepted") this.#cancelIfStopped(event.answer_id);
    if (event.type !== "pong") this.#watchdog.watch();
  }

  /** On every new connection: what was not accepted is sent again, what is open is resumed. */
  #catchUp(): void {
    for (const turn of this.#running()) this.#pursue(turn);
    this.#reloadShown();
  }

  #reloadShown(): void {
    const { key, phase } = shownConversation(this.#state);
    if (phase === "unreachable") void this.#loader.load(key);
  }

  /** Goes on with what was being asked and answered when this browser was last here. */
  async #finish(): Promise<void> {
    for (const copy of await this.#keeper.unfinished()) {
      this.#follow(() => this.#dispatch({ kind: "restored", copy }));
    }
  }

  /** Takes in a copy from the archive, another tab or the server; what runs in it is followed. */
  #adopt(key: string, copy: Conversation): void {
    this.#keeper.known(copy);
    this.#follow(() => this.#dispatch({ kind: "found", key, copy }));
    this.#revealAwaited();
  }

  #revealAwaited(): void {
    if (this.#awaited === null) return;
    const { key, answerId } = this.#awaited;
    const conversation = this.#state.conversations.find((other) => other.key === key);
    if (!conversation?.turns.some(({ answer }) => answer?.id === answerId)) return;
    this.#awaited = null;
    this.#dispatch({ kind: "revealed", key, answerId });
  }

  /** Pursues whatever runs after `change` and did not before. */
  #follow(change: () => void): void {
    const before = new Set(this.#running().map(({ clientMsgId }) => clientMsgId));
    change();
    if (this.#connection.isReady) {
      for (const turn of this.#running()) if (!before.has(turn.clientMsgId)) this.#pursue(turn);
    }
    this.#watchdog.watch();
  }

  #pursue(turn: Turn): void {
    const { clientMsgId } = turn;
    if (turn.answer === null) {
      if ((this.#sends.get(clientMsgId) ?? 0) < MAX_SENDS) this.#sendQuestion(clientMsgId);
      else this.#dispatch({ kind: "unanswered", clientMsgId });
    } else if (turn.answer.stopped) this.#sendCancel(turn.answer.id);
    else this.#dispatch({ kind: "resume_wanted", answerId: turn.answer.id });
  }

  #cancelIfStopped(answerId: string): void {
    const turn = this.#running().find(({ answer }) => answer?.id === answerId);
    if (turn?.stopped) this.#sendCancel(answerId);
  }

  /** Asks for what should have come; a stop that was asked for before is taken as done. */
  #askForMissing(barks: number): void {
    for (const turn of this.#running()) {
      if (turn.answer?.stopped && barks > 1) {
        this.#dispatch({ kind: "unconfirmed_stop", answerId: turn.answer.id });
      } else this.#pursue(turn);
    }
  }

  #dispatch(input: Input): void {
    const before = this.#state;
    const state = reduce(before, input);
    if (state === before) return;
    this.#state = state;
    this.#publish({
      ...this.#view,
      chat: viewChat(state, { state: before, chat: this.#view.chat }),
      answering: viewAnswering(state, this.#view.answering),
      open: viewOpen(state, this.#view.open),
    });
    this.#keeper.changed(before, state);
    this.#settle();
  }

  /** Does what the state calls for: checks complete texts, asks for missing ones. */
  #settle(): void {
    for (const { answer } of this.#running()) {
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

  #sendQuestion(clientMsgId: string): void {
    const conversation = conversationOf(this.#state, clientMsgId);
    const turn = this.#turn(clientMsgId);
    if (conversation === undefined || turn === undefined) return;
    const { id } = conversation;
    const parent = wireParent(conversation, turn);
    const message: Ask = {
      action: "message",
      client_msg_id: clientMsgId,
      text: turn.question,
      ...(id === null ? {} : { conversation_id: id }),
      ...(id === null || parent === undefined ? {} : { parent }),
      ...(turn.fresh ? { fresh: true } : {}),
    };
    this.#sends.set(clientMsgId, (this.#sends.get(clientMsgId) ?? 0) + 1);
    this.#connection.send(message);
  }

  #sendCancel(answerId: string): void {
    this.#connection.send({ action: "cancel", answer_id: answerId });
  }

  #running(): readonly Turn[] {
    return runningTurns(this.#state);
  }

  #turn(clientMsgId: string): Turn | undefined {
    const conversation = conversationOf(this.#state, clientMsgId);
    return conversation?.turns.find((turn) => turn.clientMsgId === clientMsgId);
  }

  #publish(view: View): void {
    this.#view = view;
    for (const listener of this.#listeners) listener();
  }
}
