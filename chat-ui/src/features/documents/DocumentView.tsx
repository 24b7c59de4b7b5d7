/** One indexed document: its sections, and its passages as answers are made from them. */
import { FileX } from "lucide-react";
import { type RefObject, useCallback } from "react";
import { Link, useSearchParams } from "wouter";
import { ApiError } from "../../api/errors";
import type { Document } from "../../api/schema";
import { Button } from "../../ui/Button";
import { EmptyState } from "../../ui/EmptyState";
import { QueryFailure } from "../../ui/QueryFailure";
import { Skeleton } from "../../ui/Skeleton";
import { Spinner } from "../../ui/Spinner";
import { VirtualList } from "../../ui/VirtualList";
import { DocumentHeading } from "./DocumentHeading";
import { Passage } from "./Passage";
import { usePlace } from "./place";
import { fetchMore, useChunks, useDocument } from "./queries";
import { Sections } from "./Sections";

export interface DocumentViewProps {
  readonly id: string;
  /** The element in which the page scrolls. */
  readonly scroller: RefObject<HTMLElement | null>;
}

export function DocumentView({ id, scroller }: DocumentViewProps) {
  const { data: document, error, refetch, isFetching } = useDocument(id);
  if (document !== undefined) return <Loaded document={document} scroller={scroller} />;
  if (error instanceof ApiError && error.status === 404) return <NoSuchDocument />;
  if (error !== null) {
    return (
      <QueryFailure
        title="The document could not be read"
        message={error.message}
        onRetry={() => void refetch()}
        retrying={isFetching}
      />
    );
  }
  return <Loading />;
}

function Loaded(props: {
  readonly document: Document;
  readonly scroller: DocumentViewProps["scroller"];
}) {
  const { document, scroller } = props;
  const [parameters] = useSearchParams();
  const asked = parameters.get("passage");
  const { query, items } = useChunks(document.document);
  const { hasNextPage, isFetching, isError, fetchNextPage } = query;
  const more = useCallback(
    () => fetchMore({ hasNextPage, isFetching, isError, fetchNextPage }),
    [hasNextPage, isFetching, isError, fetchNextPage],
  );
  const complete = !query.isPending && !hasNextPage;
  const { target, go } = usePlace(
    items,
    complete,
    more,
    asked === null ? null : { passage: asked },
  );
  return (
    <div className="page-column lg:max-w-6xl">
      <DocumentHeading document={document} />
      <div className="mt-5 flex items-start gap-10">
        <div className="min-w-0 flex-1" aria-busy={isFetching}>
          {query.isError && (
            <QueryFailure
              title="The passages could not be read"
              message={query.error.message}
              onRetry={() => void (query.data === undefined ? query.refetch() : fetchNextPage())}
              retrying={isFetching}
            />
          )}
          <VirtualList
            label="Passages"
            items={items}
            keyOf={({ chunk_id }) => chunk_id}
            render={(chunk, index) => (
              <Passage
                chunk={chunk}
                document={document}
                chosen={asked === String(chunk.n) || asked === chunk.chunk_id}
                continued={items[index - 1]?.section === chunk.section}
              />
            )}
            estimate={180}
            gap={12}
            total={document.chunk_count}
            scroller={scroller}
            onEndNear={more}
            target={target}
          />
          {(query.isPending || query.isFetchingNextPage) && (
            <Spinner label="Loading passages" className="my-4" />
          )}
        </div>
        <Sections sections={document.sections} onChoose={({ start }) => go({ start })} />
      </div>
    </div>
  );
}

function NoSuchDocument() {
  return (
    <EmptyState
      icon={FileX}
      title="There is no such document"
      actions={
        <Button asChild>
          <Link href="/documents">See all documents</Link>
        </Button>
      }
    >
      It is not in the index any more, or it is not for you to read.
    </EmptyState>
  );
}

function Loading() {
  return (
    <div className="page-column">
      <span className="sr-only" role="status">
        Loading the document
      </span>
      <Skeleton className="h-7 w-2/3" />
      <Skeleton className="mt-3 h-4 w-1/2" />
      <Skeleton className="mt-6 h-40 rounded-xl" />
      <Skeleton className="mt-3 h-40 rounded-xl" />
    </div>
  );
}
