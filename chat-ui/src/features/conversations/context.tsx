/** What this feature keeps and hears of beside the session; the app hands it in. */
import { createContext, useContext } from "react";
import type { Archive } from "../../chat/archive";
import type { History } from "../../chat/history";
import type { Tabs } from "../../chat/tabs";

export interface ConversationParts {
  readonly archive: Archive;
  readonly tabs: Tabs;
  readonly history: History;
}

const PartsContext = createContext<ConversationParts | null>(null);

export const ConversationsProvider = PartsContext;

export function useConversationParts(): ConversationParts {
  const parts = useContext(PartsContext);
  if (parts === null) throw new Error("A component is outside of ConversationsProvider.");
  return parts;
}
