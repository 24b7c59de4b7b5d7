/** The question that is being written; it outlives a reload. */
import { useCallback, useState } from "react";
import { useVault } from "../../session/session_context";

export function useDraft(): readonly [string, (text: string) => void] {
  const vault = useVault();
  const [text, setText] = useState(() => vault.loadDraft());
  const change = useCallback(
    (next: string) => {
      setText(next);
      vault.saveDraft(next);
    },
    [vault],
  );
  return [text, change];
}
