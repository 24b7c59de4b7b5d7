/** Says once that this browser keeps nothing, and what that costs. */
import { HardDrive, X } from "lucide-react";
import { useState } from "react";
import type { StorageTrouble } from "../../chat/archive";
import { useView } from "../../session/session_context";
import { IconButton } from "../../ui/Button";
import { Note } from "./Note";

const WORDS: Readonly<Record<StorageTrouble, string>> = {
  forbidden:
    "This browser does not let the page keep anything. Everything works, but conversations cannot be read offline, and after closing the page they may not be found again.",
  full: "This browser has no room left for the page. Everything works, but new conversations cannot be read offline. Free some space to change that.",
};

export function StorageNotice() {
  const trouble = useView(({ storage }) => storage);
  const [dismissed, setDismissed] = useState<StorageTrouble | null>(null);
  if (trouble === null || trouble === dismissed) return null;
  return (
    <Note icon={HardDrive}>
      <span className="min-w-0 flex-1">{WORDS[trouble]}</span>
      <IconButton label="Dismiss" size="xs" onClick={() => setDismissed(trouble)}>
        <X aria-hidden />
      </IconButton>
    </Note>
  );
}
