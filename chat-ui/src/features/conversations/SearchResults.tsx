/** Where the words occur: in titles, questions and answers. */
import { SearchX } from "lucide-react";
import { Link } from "wouter";
import type { SearchHit } from "../../api/schema";
import { useSession } from "../../session/session_context";
import { Button } from "../../ui/Button";
import { Spinner } from "../../ui/Spinner";
import { useConversationSearch } from "./conversation_search";
import { piecesOf } from "./marks";

export function SearchResults({ words }: { readonly words: string }) {
  const { hits, isSearching, isPartial, hasMore, more } = useConversationSearch(words);
  return (
    <section aria-label="Search results" aria-busy={isSearching} className="pt-1">
      <p role="status" className="flex min-h-6 items-center gap-2 px-2 text-muted text-xs">
        {isSearching && <Spinner className="size-3.5" />}
        {isSearching ? "Searching" : countOf(hits.length, hasMore)}
        {!isSearching && isPartial && ", in what this browser has kept"}
      </p>
      {hits.length === 0 && !isSearching && (
        <p className="flex flex-col items-center gap-2 px-4 py-8 text-center text-muted text-sm">
          <SearchX aria-hidden className="size-5" />
          Try other words. Titles, questions and answers are searched.
        </p>
      )}
      <ul className="mt-1 grid grid-cols-1 gap-px">
        {hits.map((hit) => (
          <Hit key={`${hit.conversation_id} ${hit.answer_id} ${hit.where} ${hit.at}`} hit={hit} />
        ))}
      </ul>
      {hasMore && hits.length > 0 && (
        <Button variant="ghost" size="sm" className="mt-2 w-full" busy={isSearching} onClick={more}>
          Show more
        </Button>
      )}
    </section>
  );
}

function Hit({ hit }: { readonly hit: SearchHit }) {
  const session = useSession();
  return (
    <li>
      <Link
        href={`/c/${hit.conversation_id}`}
        className="block rounded-lg px-2 py-2 hover:bg-hover"
        onClick={() => {
          if (hit.answer_id !== null) session.open(hit.conversation_id, { reveal: hit.answer_id });
        }}
      >
        <span dir="auto" className="block truncate font-medium text-ink text-sm">
          {hit.title}
        </span>
        {hit.where !== "title" && (
          <span dir="auto" className="mt-0.5 line-clamp-2 text-muted text-xs leading-5">
            {piecesOf(hit.excerpt, hit.marks).map(({ text, isMarked, at }) =>
              isMarked ? (
                <mark key={at} className="text-ink">
                  {text}
                </mark>
              ) : (
                text
              ),
            )}
          </span>
        )}
      </Link>
    </li>
  );
}

function countOf(count: number, hasMore: boolean): string {
  if (count === 0) return "Nothing found";
  if (hasMore) return `More than ${count} places found`;
  return count === 1 ? "1 place found" : `${count} places found`;
}
