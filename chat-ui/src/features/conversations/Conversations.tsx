/** The sidebar's part: finding, opening and tidying conversations. */
import { Search, X } from "lucide-react";
import { useRef, useState } from "react";
import { IconButton } from "../../ui/Button";
import { Input } from "../../ui/Input";
import { useShortcut } from "../../ui/shortcuts";
import { ConversationList } from "./ConversationList";
import { LEAST_CHARS } from "./conversation_search";
import { SearchResults } from "./SearchResults";

export function Conversations() {
  const [words, setWords] = useState("");
  const box = useRef<HTMLInputElement>(null);
  useShortcut({ chord: "Mod+K", label: "Search conversations", group: "Conversation" }, () =>
    box.current?.focus(),
  );
  return (
    <nav aria-label="Conversations" className="flex min-h-0 flex-1 flex-col">
      <div className="px-3 pb-2">
        <Input
          ref={box}
          type="search"
          icon={Search}
          aria-label="Search conversations"
          placeholder="Search"
          value={words}
          onChange={(event) => setWords(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") setWords("");
          }}
          trailing={
            words !== "" && (
              <IconButton label="Clear the search" size="xs" onClick={() => setWords("")}>
                <X aria-hidden />
              </IconButton>
            )
          }
        />
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto overflow-x-hidden px-3 pb-3">
        {words.trim().length >= LEAST_CHARS ? (
          <SearchResults words={words} />
        ) : (
          <ConversationList />
        )}
      </div>
    </nav>
  );
}
