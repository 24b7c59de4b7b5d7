/** What can be done with a conversation. */
import { Ellipsis, FileJson, FileText, PencilLine, Pin, PinOff, Trash2 } from "lucide-react";
import { useRef } from "react";
import { IconButton } from "../../ui/Button";
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from "../../ui/DropdownMenu";
import { useConversationChanges } from "./conversation_changes";
import { useExport } from "./export_file";
import type { Entry } from "./grouping";

interface ConversationMenuProps {
  readonly entry: Entry;
  readonly onRename: () => void;
}

export function ConversationMenu({ entry, onRename }: ConversationMenuProps) {
  const { key, title, pinned } = entry;
  const { pin, remove } = useConversationChanges();
  const save = useExport();
  const isRenaming = useRef(false);
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <IconButton
          label={`Actions for “${title}”`}
          size="xs"
          className="absolute end-1.5 top-1/2 -translate-y-1/2 opacity-0 focus-visible:opacity-100 group-hover/row:opacity-100 data-[state=open]:opacity-100 pointer-coarse:opacity-100"
        >
          <Ellipsis aria-hidden />
        </IconButton>
      </DropdownMenuTrigger>
      <DropdownMenuContent
        onCloseAutoFocus={(event) => {
          if (!isRenaming.current) return;
          // The field takes the focus, which the menu holds until now.
          event.preventDefault();
          onRename();
        }}
      >
        <DropdownMenuItem
          icon={PencilLine}
          onSelect={() => {
            isRenaming.current = true;
          }}
        >
          Rename
        </DropdownMenuItem>
        <DropdownMenuItem icon={pinned ? PinOff : Pin} onSelect={() => void pin(key, !pinned)}>
          {pinned ? "Unpin" : "Pin"}
        </DropdownMenuItem>
        <DropdownMenuSeparator />
        <DropdownMenuItem icon={FileText} onSelect={() => void save(key, "markdown")}>
          Export as Markdown
        </DropdownMenuItem>
        <DropdownMenuItem icon={FileJson} onSelect={() => void save(key, "json")}>
          Export as JSON
        </DropdownMenuItem>
        <DropdownMenuSeparator />
        <DropdownMenuItem icon={Trash2} danger onSelect={() => void remove(key, title)}>
          Delete
        </DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  );
}
