/** What the documents' pages read. */
import {
  keepPreviousData,
  type UseInfiniteQueryResult,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { useMemo } from "react";
import { useApi } from "../../api/api_context";
import type { Chunk, DocumentPage, DocumentSummary } from "../../api/schema";
import { isUnderWay } from "./progress";

const DOCUMENTS_AT_ONCE = 50;
const CHUNKS_AT_ONCE = 100;
const UNDER_WAY_MS = 3_000;

export function useDocuments(q: string) {
  const api = useApi();
  const query = useInfiniteQuery({
    queryKey: ["documents", q],
    queryFn: ({ pageParam: cursor, signal }) =>
      api.listDocuments(q, { cursor, limit: DOCUMENTS_AT_ONCE, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => isUnderWay(page.items)) ? UNDER_WAY_MS : false,
  });
  const pages = query.data?.pages;
  const items = useMemo(
    (): readonly DocumentSummary[] => pages?.flatMap((page) => page.items) ?? [],
    [pages],
  );
  return { query, items, corpus: pages?.[0] ?? null };
}

export type Corpus = Pick<DocumentPage, "corpus_version" | "model" | "built_at">;

export function useDocument(document: string) {
  const api = useApi();
  return useQuery({
    queryKey: ["document", document],
    queryFn: ({ signal }) => api.getDocument(document, signal),
  });
}

export function useChunks(document: string) {
  const api = useApi();
  const query = useInfiniteQuery({
    queryKey: ["chunks", document],
    queryFn: ({ pageParam: cursor, signal }) =>
      api.listChunks(document, { cursor, limit: CHUNKS_AT_ONCE, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
  const pages = query.data?.pages;
  const items = useMemo(
    (): readonly Chunk[] => pages?.flatMap((page) => page.items) ?? [],
    [pages],
  );
  return { query, items };
}

/** Fetches the next page of a list, unless one is on its way or there is none. */
export function fetchMore(
  query: Pick<UseInfiniteQueryResult, "hasNextPage" | "isFetching" | "isError" | "fetchNextPage">,
) {
  if (query.hasNextPage && !query.isFetching && !query.isError) void query.fetchNextPage();
}
