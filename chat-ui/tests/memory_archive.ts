/** The archive's twin in memory; tests/chat/archive.test.ts runs the same cases against both. */
import { type Archive, forgetful } from "../src/chat/archive";
import type { Conversation } from "../src/chat/conversation";
import { mergeConversations } from "../src/chat/merge";

export function memoryArchive(): Archive {
  const kept = new Map<string, Conversation>();
  const notes = new Map<string, unknown>();
  return {
    load: async (key) => structuredClone(kept.get(key) ?? null),
    async save(conversation) {
      const added = structuredClone(forgetful(conversation));
      const before = kept.get(conversation.key);
      kept.delete(conversation.key);
      const joined = before === undefined ? added : mergeConversations(before, added);
      kept.set(conversation.key, { ...joined, id: conversation.id });
      return null;
    },
    forget: async (key) => void kept.delete(key),
    all: async () => structuredClone([...kept.values()].reverse()),
    note: async <T>(name: string) => (structuredClone(notes.get(name)) ?? null) as T | null,
    changeNote: async <T>(name: string, change: (before: T | null) => T) =>
      void notes.set(name, structuredClone(change((notes.get(name) ?? null) as T | null))),
    async clear() {
      kept.clear();
      notes.clear();
    },
  };
}
