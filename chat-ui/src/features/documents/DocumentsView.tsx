/** What is indexed: every document that this person may read, with a search by title. */
import { FileQuestion, Search, X } from "lucide-react";
import { type RefObject, useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import type { DocumentSummary } from "../../api/schema";
import { IconButton } from "../../ui/Button";
import { EmptyState } from "../../ui/EmptyState";
import { Input } from "../../ui/Input";
import { QueryFailure } from "../../ui/QueryFailure";
import { Skeleton } from "../../ui/Skeleton";
import { Spinner } from "../../ui/Spinner";
import { useDebounced } from "../../ui/use_debounced";
import { VirtualList } from "../../ui/VirtualList";
import { CorpusLine } from "./CorpusLine";
import { DocumentRow } from "./DocumentRow";
import { fetchMore, useDocuments } from "./queries";

const SETTLE_MS = 200;

/** `scroller` is the element in which the page scrolls. */
export function DocumentsView({ scroller }: { readonly scroller: RefObject<HTMLElement | null> }) {
  const [words, setWords] = useWords();
  const q = useDebounced(words.trim(), SETTLE_MS);
  const { query, items, corpus } = useDocuments(q);
  return (
    <div className="page-column">
      {corpus === null ? <Skeleton className="h-5 w-72 max-w-full" /> : <CorpusLine {...corpus} />}
      <search className="mt-4 block">
        <Input
          type="search"
          icon={Search}
          aria-label="Find documents"
          placeholder="Find documents"
          value={words}
          onChange={(event) => setWords(event.target.value)}
          className="h-10"
          trailing={
            words !== "" && (
              <IconButton label="Clear the search" size="xs" onClick={() => setWords("")}>
                <X aria-hidden />
              </IconButton>
            )
          }
        />
      </search>
      <div className="mt-4" aria-busy={query.isFetching}>
        {query.isPending ? (
          <Loading />
        ) : query.isError ? (
          <QueryFailure
            title="The documents could not be read"
            message={query.error.message}
            onRetry={() => void query.refetch()}
            retrying={query.isFetching}
          />
        ) : items.length === 0 ? (
          <NoDocuments q={q} />
        ) : (
          <Found items={items} scroller={scroller} onEndNear={() => fetchMore(query)} />
        )}
        {query.isFetchingNextPage && <Spinner label="Loading more documents" className="mt-4" />}
      </div>
    </div>
  );
}

function Found(props: {
  readonly items: readonly DocumentSummary[];
  readonly scroller: RefObject<HTMLElement | null>;
  readonly onEndNear: () => void;
}) {
  return (
    <VirtualList
      label="Documents"
      keyOf={({ document }) => document}
      render={(document) => <DocumentRow document={document} />}
      estimate={74}
      gap={8}
      {...props}
    />
  );
}

/** What is searched for stands in the address, so that it outlives a reload and can be shared. */
function useWords() {
  const [parameters, setParameters] = useSearchParams();
  const [words, setWords] = useState(() => parameters.get("q") ?? "");
  const settled = useDebounced(words, SETTLE_MS);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address follows the words
  useEffect(() => {
    if (settled !== (parameters.get("q") ?? "")) {
      setParameters(settled === "" ? {} : { q: settled }, { replace: true });
    }
  }, [settled]);
  return [words, setWords] as const;
}

function NoDocuments({ q }: { readonly q: string }) {
  if (q === "") {
    return (
      <EmptyState icon={FileQuestion} title="No documents yet">
        Build an index of your documents: <code>python -m embed build DOCS --out faiss_index</code>
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={FileQuestion} title={`No document matches “${q}”`}>
      Try fewer or other words.
    </EmptyState>
  );
}

const PLACES = ["a", "b", "c", "d", "e"];

function Loading() {
  return (
    <div className="grid gap-2">
      <span className="sr-only" role="status">
        Loading the documents
      </span>
      {PLACES.map((place) => (
        <Skeleton key={place} className="h-[4.6rem] rounded-xl" />
      ))}
    </div>
  );
}
