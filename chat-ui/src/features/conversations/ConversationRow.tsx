/** One conversation of the list: a link, and a menu of what can be done with it. */
import { Pin } from "lucide-react";
import { memo, useRef, useState } from "react";
import { Link } from "wouter";
import { Spinner } from "../../ui/Spinner";
import { ConversationMenu } from "./ConversationMenu";
import { useConversationChanges } from "./conversation_changes";
import type { Entry } from "./grouping";
import { RenameField } from "./RenameField";

interface ConversationRowProps {
  readonly entry: Entry;
  readonly isShown: boolean;
  readonly isAnswering: boolean;
}

export const ConversationRow = memo(function ConversationRow(props: ConversationRowProps) {
  const { entry, isShown, isAnswering } = props;
  const { key, title, pinned, isKnown } = entry;
  const { rename } = useConversationChanges();
  const [isRenaming, setRenaming] = useState(false);
  const link = useRef<HTMLAnchorElement>(null);
  if (isRenaming) {
    return (
      <li>
        <RenameField
          title={title}
          onDone={(changed) => {
            setRenaming(false);
            requestAnimationFrame(() => link.current?.focus());
            if (changed !== null) void rename(key, changed);
          }}
        />
      </li>
    );
  }
  return (
    <li className="group/row relative">
      <Link
        ref={link}
        href={`/c/${key}`}
        aria-current={isShown ? "page" : undefined}
        title={title}
        className="sidebar-row pe-9"
      >
        <span dir="auto" className="min-w-0 flex-1 truncate">
          {title}
        </span>
        {isAnswering ? (
          <Spinner className="size-3.5 shrink-0" />
        ) : (
          pinned && <Pin aria-hidden className="size-3.5 shrink-0 group-focus-within/row:hidden" />
        )}
        {isAnswering && <span className="sr-only">, being answered</span>}
      </Link>
      {isKnown && <ConversationMenu entry={entry} onRename={() => setRenaming(true)} />}
    </li>
  );
});
