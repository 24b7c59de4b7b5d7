/** The list of conversations: the server's pages, or the last ones that this browser saw. */
import {
  type InfiniteData,
  type QueryClient,
  useInfiniteQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { useApi } from "../../api/api_context";
import type { ApiClient } from "../../api/client";
import { ApiError } from "../../api/errors";
import type { ConversationPage, ConversationSummary } from "../../api/schema";
import type { Archive } from "../../chat/archive";
import { useView } from "../../session/session_context";
import { useConversationParts } from "./context";
import { type Entry, entriesOf } from "./grouping";
import { useKeptOffline } from "./keep_offline";

export const LIST_KEY = ["conversations", "list"] as const;
/** The archive's note of the list's first page. */
const LIST_NOTE = "conversations";

type ListPage = ConversationPage & {
  /** Why this is what the browser kept, where the server did not answer. */
  readonly unreachable: string | null;
};
type ListData = InfiniteData<ListPage, string | null>;

export interface ConversationList {
  readonly entries: readonly Entry[];
  readonly isLoading: boolean;
  /** Set where the list is the last one that this browser saw: the server did not answer. */
  readonly unreachable: string | null;
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  more(): void;
  retry(): void;
}

export function useConversationList(): ConversationList {
  const { tabs } = useConversationParts();
  const client = useQueryClient();
  const open = useView((view) => view.open);
  const answering = useView((view) => view.answering);
  const connected = useView(({ connection }) => connection.phase === "ready");
  const query = useListQuery();
  // A new conversation, an answer that has ended, another tab, a connection that came back: each
  // of them changes the list.
  // biome-ignore lint/correctness/useExhaustiveDependencies: they are what happened, not what is used
  useEffect(() => {
    void client.invalidateQueries({ queryKey: LIST_KEY });
  }, [client, open.length, answering, connected]);
  useEffect(
    () => tabs.listen(() => void client.invalidateQueries({ queryKey: LIST_KEY })),
    [client, tabs],
  );
  const listed = useMemo(() => query.data?.pages.flatMap(({ items }) => items) ?? [], [query.data]);
  useKeptOffline(listed);
  const entries = useMemo(() => entriesOf(listed, open), [listed, open]);
  return {
    entries,
    isLoading: query.isPending,
    unreachable: query.data?.pages.find((page) => page.unreachable !== null)?.unreachable ?? null,
    hasMore: query.hasNextPage,
    isLoadingMore: query.isFetchingNextPage,
    more: () => void query.fetchNextPage(),
    retry: () => void query.refetch(),
  };
}

/** The title of the conversation that is shown: the server's, or its first question until then. */
export function useShownTitle(): string {
  const key = useView(({ chat }) => chat.key);
  const question = useView(({ chat }) => chat.turns[0]?.question ?? "");
  const listed = useListQuery().data?.pages.flatMap(({ items }) => items);
  return listed?.find(({ conversation_id }) => conversation_id === key)?.title ?? question;
}

function useListQuery() {
  const api = useApi();
  const { archive } = useConversationParts();
  return useInfiniteQuery({
    queryKey: LIST_KEY,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => readPage(api, archive, pageParam, signal),
    getNextPageParam: ({ next_cursor }) => next_cursor,
  });
}

/** Changes the list as it is shown, until the server's next word. Returns what it was. */
export async function changeList(
  client: QueryClient,
  change: (items: readonly ConversationSummary[]) => ConversationSummary[],
): Promise<ListData | undefined> {
  await client.cancelQueries({ queryKey: LIST_KEY });
  const before = client.getQueryData<ListData>(LIST_KEY);
  client.setQueryData<ListData>(LIST_KEY, (data) =>
    data === undefined
      ? data
      : { ...data, pages: data.pages.map((page) => ({ ...page, items: change(page.items) })) },
  );
  return before;
}

async function readPage(
  api: ApiClient,
  archive: Archive,
  cursor: string | null,
  signal: AbortSignal,
): Promise<ListPage> {
  try {
    const page = await api.listConversations({ cursor, signal });
    if (cursor === null) {
      void archive.changeNote<ConversationSummary[]>(LIST_NOTE, () => page.items);
    }
    return { ...page, unreachable: null };
  } catch (error) {
    if (!(error instanceof ApiError) || cursor !== null) throw error;
    const kept = await archive.note<ConversationSummary[]>(LIST_NOTE);
    return { items: kept ?? [], next_cursor: null, unreachable: error.message };
  }
}
