/** All conversations, by the day of their last question. */
import { CloudOff, MessagesSquare } from "lucide-react";
import { useId, useMemo } from "react";
import { useView } from "../../session/session_context";
import { Button } from "../../ui/Button";
import { Skeleton } from "../../ui/Skeleton";
import { ConversationRow } from "./ConversationRow";
import { useConversationList } from "./conversation_list";
import { type Group, groupEntries } from "./grouping";

const PLACEHOLDERS = ["w-4/5", "w-3/5", "w-11/12", "w-2/3", "w-1/2"];

export function ConversationList() {
  const list = useConversationList();
  const groups = useMemo(() => groupEntries(list.entries, Date.now()), [list.entries]);
  if (list.isLoading && groups.length === 0) {
    return (
      <div className="grid gap-3 px-2 pt-3">
        <span className="sr-only">Loading conversations</span>
        {PLACEHOLDERS.map((width) => (
          <Skeleton key={width} className={`h-4 ${width}`} />
        ))}
      </div>
    );
  }
  return (
    <>
      {list.unreachable !== null && <Unreachable onRetry={list.retry} />}
      {groups.length === 0 && list.unreachable === null && <Nothing />}
      {groups.map((group) => (
        <GroupOfRows key={group.label} group={group} />
      ))}
      {list.hasMore && (
        <Button
          variant="ghost"
          size="sm"
          className="mt-2 w-full"
          busy={list.isLoadingMore}
          onClick={list.more}
        >
          Show older conversations
        </Button>
      )}
    </>
  );
}

function GroupOfRows({ group }: { readonly group: Group }) {
  const heading = useId();
  const shown = useView(({ chat }) => chat.key);
  const answering = useView((view) => view.answering);
  return (
    <section aria-labelledby={heading} className="pt-3">
      <h2 id={heading} className="px-2 pb-1 font-medium text-muted text-xs">
        {group.label}
      </h2>
      <ul className="grid grid-cols-1 gap-px">
        {group.entries.map((entry) => (
          <ConversationRow
            key={entry.key}
            entry={entry}
            isShown={entry.key === shown}
            isAnswering={answering.includes(entry.key)}
          />
        ))}
      </ul>
    </section>
  );
}

function Nothing() {
  return (
    <p className="flex flex-col items-center gap-2 px-4 py-10 text-center text-muted text-sm">
      <MessagesSquare aria-hidden className="size-5" />
      Your conversations will be listed here.
    </p>
  );
}

function Unreachable({ onRetry }: { readonly onRetry: () => void }) {
  return (
    <p className="mt-1 rounded-lg bg-sunken px-3 py-2 text-muted text-xs leading-5">
      <CloudOff aria-hidden className="me-1.5 inline size-3.5 align-[-2px]" />
      The server did not answer. This is what this browser has kept.{" "}
      <button type="button" className="text-button" onClick={onRetry}>
        Try again
      </button>
    </p>
  );
}
