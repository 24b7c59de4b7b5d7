/** Lets the chat library's primitives show and drive the session. */
import {
  type AppendMessage,
  type AssistantRuntime,
  type ThreadMessageLike,
  useAuiState,
  useExternalStoreRuntime,
} from "@assistant-ui/react";
import { useMemo } from "react";
import { shownText } from "../../chat/answer";
import { isRunning, type Turn } from "../../chat/conversation";
import { useSession, useView } from "../../session/session_context";

type Side = "question" | "answer";

/** One message of the thread: a side of a turn. */
export interface Entry {
  readonly side: Side;
  readonly turn: Turn;
}

const entriesOf = new WeakMap<Turn, readonly Entry[]>();

/** The entries of a turn, the same objects for the same turn: the library caches by identity. */
function entries(turn: Turn): readonly Entry[] {
  const known = entriesOf.get(turn);
  if (known !== undefined) return known;
  const made: readonly Entry[] = [
    { side: "question", turn },
    { side: "answer", turn },
  ];
  entriesOf.set(turn, made);
  return made;
}

export function toMessage({ side, turn }: Entry): ThreadMessageLike {
  const createdAt = new Date(turn.askedAt);
  const id = `${side}:${turn.clientMsgId}`;
  if (side === "question") return { role: "user", id, createdAt, content: turn.question };
  const text = turn.answer === null ? "" : shownText(turn.answer);
  const status = isRunning(turn)
    ? ({ type: "running" } as const)
    : ({ type: "complete", reason: "stop" } as const);
  return { role: "assistant", id, createdAt, content: [{ type: "text", text }], status };
}

export function useChatRuntime(): AssistantRuntime {
  const session = useSession();
  const chat = useView((view) => view.chat);
  const messages = useMemo(() => chat.turns.flatMap(entries), [chat.turns]);
  return useExternalStoreRuntime<Entry>({
    messages,
    convertMessage: toMessage,
    isRunning: chat.running !== null,
    onNew: async (message) => session.ask(textOf(message)),
    onCancel: async () => session.stop(),
  });
}

/** The id of the turn whose message is being rendered. */
export function useTurnId(): string {
  return useAuiState(({ message }) => message.id.slice(message.id.indexOf(":") + 1));
}

function textOf(message: AppendMessage): string {
  return message.content.map((part) => (part.type === "text" ? part.text : "")).join("\n");
}
