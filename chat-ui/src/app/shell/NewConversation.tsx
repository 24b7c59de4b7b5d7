import { SquarePen } from "lucide-react";
import { Button, IconButton } from "../../ui/Button";
import { displayChord } from "../../ui/chords";
import { NEW_CONVERSATION, useStartConversation } from "../navigation";

/** `compact`: an icon in the header, where the sidebar is away. */
export function NewConversation({ compact = false }: { readonly compact?: boolean }) {
  const start = useStartConversation();
  const keys = displayChord(NEW_CONVERSATION.chord);
  if (compact) {
    return (
      <IconButton label="New conversation" shortcut={keys} onClick={start}>
        <SquarePen aria-hidden />
      </IconButton>
    );
  }
  return (
    <Button className="w-full justify-start" onClick={start}>
      <SquarePen aria-hidden className="size-4 text-muted" />
      New conversation
    </Button>
  );
}
