/**
 * Short messages at the edge of the page. What shows them is loaded after the first paint; messages
 * from before wait for it.
 */
import type { ReactNode } from "react";

export interface ToastOptions {
  readonly description?: ReactNode;
  /** A button beside the words, for example one that takes it back. */
  readonly action?: { readonly label: string; readonly onClick: () => void };
  /** Milliseconds until it goes; as long as usual where this is absent. */
  readonly duration?: number;
  /** A later message of the same id takes the place of the earlier one. */
  readonly id?: string;
  readonly tone?: "plain" | "error";
}

/** What puts messages on the page. */
export interface Presenter {
  show(message: string, options: ToastOptions): void;
  /** All of them where no `id` is given. */
  dismiss(id?: string): void;
}

let presenter: Presenter | null = null;
const waiting: [message: string, options: ToastOptions][] = [];

function say(message: string, options: ToastOptions): void {
  if (presenter === null) waiting.push([message, options]);
  else presenter.show(message, options);
}

export function toast(message: string, options: ToastOptions = {}): void {
  say(message, options);
}

/** Something that was asked for has failed. */
toast.error = (message: string, options: ToastOptions = {}): void => {
  say(message, { ...options, tone: "error" });
};

/** Takes the message of this id away, or all of them. */
toast.dismiss = (id?: string): void => {
  const others = waiting.filter(([, options]) => id !== undefined && options.id !== id);
  waiting.splice(0, waiting.length, ...others);
  presenter?.dismiss(id);
};

/** From now on `by` shows the messages, those that waited first; `null`: they wait again. */
export function presentToasts(by: Presenter | null): void {
  presenter = by;
  if (by === null) return;
  for (const [message, options] of waiting.splice(0)) by.show(message, options);
}
