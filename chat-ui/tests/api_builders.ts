/** Bodies of the HTTP API for tests. */
import type {
  Chunk,
  Document,
  DocumentPage,
  DocumentSummary,
  Figures,
  Insights,
  InsightsDay,
} from "../src/api/schema";

export function documentSummary(
  document: string,
  more: Partial<DocumentSummary> = {},
): DocumentSummary {
  return {
    document,
    title: `Title of ${document}`,
    url: null,
    format: "md",
    date: "2025-03-03",
    groups: ["public"],
    pages: null,
    characters: 1_200,
    sections: 2,
    chunks: 3,
    status: "indexed",
    status_at: null,
    reason: null,
    ...more,
  };
}

export function documentPage(
  items: DocumentSummary[],
  next_cursor: string | null = null,
): DocumentPage {
  return {
    corpus_version: "0123456789abcdef0123",
    model: "all-MiniLM-L6-v2",
    built_at: Date.UTC(2026, 10, 21),
    items,
    next_cursor,
  };
}

export function documentOf(document: string, more: Partial<Document> = {}): Document {
  const summary = documentSummary(document);
  const {
    sections: _sections,
    status: _status,
    status_at: _at,
    reason: _reason,
    ...rest
  } = summary;
  const { chunks, ...head } = rest;
  return { ...head, sections: [], chunk_count: chunks, ...more };
}

export function chunkOf(n: number, text: string, more: Partial<Chunk> = {}): Chunk {
  const start = n * 100;
  return {
    n,
    chunk_id: `chunk-${n}`,
    start,
    end: start + 100,
    page: null,
    section: null,
    text,
    ...more,
  };
}

export function figures(more: Partial<Figures> = {}): Figures {
  return {
    questions: 0,
    done: 0,
    errors: 0,
    cancelled: 0,
    truncated: 0,
    abstained: 0,
    cache_hits: 0,
    up: 0,
    down: 0,
    cost_usd: 0,
    prompt_tokens: 0,
    completion_tokens: 0,
    first_token_ms: null,
    total_ms: null,
    ...more,
  };
}

export function insightsDay(day: string, more: Partial<Figures> = {}): InsightsDay {
  return { day, ...figures(more) };
}

export function insights(days: InsightsDay[], more: Partial<Insights> = {}): Insights {
  return {
    from_day: days[0]?.day ?? "2026-11-20",
    to_day: days.at(-1)?.day ?? "2026-11-20",
    days,
    totals: figures(days.length === 1 ? days[0] : {}),
    top_questions: [],
    failed_questions: [],
    ...more,
  };
}
