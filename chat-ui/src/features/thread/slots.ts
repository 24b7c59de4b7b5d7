/** Places in the thread that other features fill; the app says with what. */
import { type ComponentType, createContext, useContext } from "react";
import type { Turn } from "../../chat/conversation";

export interface TurnPart {
  readonly turn: Turn;
}

export interface ThreadSlots {
  /** In place of the plain question: one that can be edited, with its branches. */
  readonly Question?: ComponentType<TurnPart>;
  /** Beside an answer's own actions: feedback, regenerate, branches. */
  readonly AnswerActions?: ComponentType<TurnPart>;
}

const Slots = createContext<ThreadSlots>({});

export const ThreadSlotsProvider = Slots;

export function useThreadSlots(): ThreadSlots {
  return useContext(Slots);
}
