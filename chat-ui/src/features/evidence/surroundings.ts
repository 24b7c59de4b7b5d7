/** The passages around a cited one, fetched three at a time, in both directions. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useApi } from "../../api/api_context";
import { ApiError } from "../../api/errors";
import type { Chunk, ChunkInContext } from "../../api/schema";
import type { Source } from "../../protocol/wire";
import type { Span } from "./excerpt";

export interface Surroundings {
  /** In the order of the document; empty while nothing has come. */
  readonly pieces: readonly Chunk[];
  /** The cited passage as a whole, for sources without a citation. */
  readonly whole: Span | null;
  /** What went wrong, and what that means; `null` where nothing did. */
  readonly problem: string | null;
  /** Asks again, where that may help. */
  readonly retry: (() => void) | null;
  readonly showBefore: (() => void) | null;
  readonly showAfter: (() => void) | null;
}

export function useSurroundings({ document, chunk_id }: Source): Surroundings {
  const api = useApi();
  const query = useInfiniteQuery({
    queryKey: ["passages", document, chunk_id],
    queryFn: ({ pageParam, signal }) => api.getChunk(document, pageParam, null, signal),
    initialPageParam: chunk_id as string | number,
    getPreviousPageParam: ({ before }: ChunkInContext) =>
      before === null || before.n === 0 ? null : Math.max(before.n - 2, 0),
    getNextPageParam: ({ after }: ChunkInContext) => (after === null ? null : after.n + 1),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const pages = query.data?.pages ?? [];
  const cited = pages.map(({ chunk }) => chunk).find((chunk) => chunk.chunk_id === chunk_id);
  const { error } = query;
  const gone = error instanceof ApiError && error.status === 404 && error.code !== "unreadable";
  return {
    pieces: inOrder(pages),
    whole: cited ?? null,
    problem: error === null || pages.length > 0 ? null : problemOf(error, gone),
    retry: gone ? null : () => void query.refetch(),
    showBefore: query.hasPreviousPage ? () => void query.fetchPreviousPage() : null,
    showAfter: query.hasNextPage ? () => void query.fetchNextPage() : null,
  };
}

/** Each passage once, by its number. */
function inOrder(pages: readonly ChunkInContext[]): readonly Chunk[] {
  const found = new Map<number, Chunk>();
  for (const { before, chunk, after } of pages) {
    for (const passage of [before, chunk, after]) {
      if (passage !== null) found.set(passage.n, passage);
    }
  }
  return [...found.values()].sort((a, b) => a.n - b.n);
}

function problemOf(error: Error, gone: boolean): string {
  return gone
    ? "The documents have changed since this answer. This is what it was given:"
    : `${error.message} Until then, this is what the answer was given:`;
}
