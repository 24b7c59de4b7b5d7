/** Finds words in conversations: on the server, or in what this browser keeps where it is away. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useDeferredValue, useEffect, useMemo, useState } from "react";
import { useApi } from "../../api/api_context";
import type { ApiClient } from "../../api/client";
import { ApiError } from "../../api/errors";
import type { SearchPage } from "../../api/schema";
import type { Archive } from "../../chat/archive";
import { useConversationParts } from "./context";
import { searchKept } from "./kept_search";

const TYPING_PAUSE_MS = 200;
export const LEAST_CHARS = 2;

export interface ConversationSearch {
  readonly hits: SearchPage["items"];
  readonly isSearching: boolean;
  /** True where only what this browser keeps was searched. */
  readonly isPartial: boolean;
  readonly hasMore: boolean;
  more(): void;
}

export function useConversationSearch(words: string): ConversationSearch {
  const api = useApi();
  const { archive } = useConversationParts();
  const settled = useDeferredValue(useSettled(words.trim(), TYPING_PAUSE_MS));
  const query = useInfiniteQuery({
    queryKey: ["conversations", "search", settled],
    enabled: settled.length >= LEAST_CHARS,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => search(api, archive, settled, pageParam, signal),
    getNextPageParam: ({ next_cursor }) => next_cursor,
  });
  const hits = useMemo(() => query.data?.pages.flatMap(({ items }) => items) ?? [], [query.data]);
  const { hasNextPage, isFetching, fetchNextPage } = query;
  // A page of hits may be empty and still have a next one.
  useEffect(() => {
    if (hits.length === 0 && hasNextPage && !isFetching) void fetchNextPage();
  }, [hits.length, hasNextPage, isFetching, fetchNextPage]);
  return {
    hits,
    isSearching: isFetching || settled !== words.trim(),
    isPartial: query.data?.pages.some(({ isPartial }) => isPartial) ?? false,
    hasMore: hasNextPage,
    more: () => void fetchNextPage(),
  };
}

async function search(
  api: ApiClient,
  archive: Archive,
  words: string,
  cursor: string | null,
  signal: AbortSignal,
): Promise<SearchPage & { readonly isPartial: boolean }> {
  try {
    return { ...(await api.search(words, { cursor, signal })), isPartial: false };
  } catch (error) {
    if (!(error instanceof ApiError) || cursor !== null) throw error;
    const items = searchKept(await archive.all(), words);
    return { items: [...items], next_cursor: null, isPartial: true };
  }
}

/** The value once it has stayed the same for `ms`. */
function useSettled(value: string, ms: number): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
