/** What could be asked first: of the documents that are indexed, whichever they are. */
import { useQuery } from "@tanstack/react-query";
import { useApi } from "../../api/api_context";
import type { ApiClient } from "../../api/client";
import type { Document, DocumentSummary } from "../../api/schema";
import { topicOf } from "./follow_ups";

export interface Starter {
  readonly topic: string;
  readonly question: string;
}

/** As many as the page has room for. */
export const MOST_STARTERS = 4;

/** Questions of corpus/questions.jsonl that show what the sample documents hold. */
export const SAMPLE_STARTERS: readonly (Starter & { readonly document: string })[] = [
  {
    topic: "Wind PPA",
    question:
      "To what was the free curtailment allowance at Harrow Ridge lowered by the First Amendment?",
    document: "documents/harrow-ridge-ppa-amendment-1.md",
  },
  {
    topic: "Tariffs",
    question: "What did a peak kilowatt-hour cost on the residential time-of-use schedule in 2024?",
    document: "documents/cve-tariff-book-2024.html",
  },
  {
    topic: "Storage",
    question:
      "What does the utility pay each month for keeping the Millbrook battery available, per kW?",
    document: "documents/millbrook-tolling-agreement.md",
  },
  {
    topic: "Carbon accounting",
    question: "Does signing a virtual PPA by itself lower a company's scope 2 figure?",
    document: "documents/scope-2-accounting.md",
  },
];

/** `null` while the documents are being looked up. */
export function useStarters(): readonly Starter[] | null {
  const api = useApi();
  const { data, isPending } = useQuery({
    queryKey: ["starters"],
    queryFn: ({ signal }) => readStarters(api, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  // Without an answer about the documents, those that come with this page are the best guess.
  return isPending ? null : (data ?? SAMPLE_STARTERS);
}

/** Of the sample documents the chosen questions; of any others, one about a section of each. */
async function readStarters(api: ApiClient, signal: AbortSignal): Promise<readonly Starter[]> {
  const { items } = await api.listDocuments("", { limit: 100, signal });
  const indexed = new Set(items.map(({ document }) => document));
  const known = SAMPLE_STARTERS.filter(({ document }) => indexed.has(document));
  if (known.length === MOST_STARTERS) return known;
  const largest = largestOf(items, 2 * MOST_STARTERS);
  const documents = await Promise.all(
    largest.map(({ document }) => api.getDocument(document, signal)),
  );
  return [...known, ...documents.flatMap(aboutDocument)].slice(0, MOST_STARTERS);
}

function largestOf(items: readonly DocumentSummary[], count: number): readonly DocumentSummary[] {
  return [...items].sort((a, b) => b.characters - a.characters).slice(0, count);
}

/** A question about the longest section whose title says what it is about. */
export function aboutDocument({ title, sections, characters }: Document): readonly Starter[] {
  const lengths = sections.map(
    ({ start }, index) => (sections[index + 1]?.start ?? characters) - start,
  );
  const best = sections
    .map((section, index) => ({ topic: topicOf(section.title), length: lengths[index] ?? 0 }))
    .filter(({ topic }) => topic !== null)
    .sort((a, b) => b.length - a.length)[0];
  return best === undefined
    ? []
    : [{ topic: title, question: `What does “${title}” say about ${best.topic}?` }];
}
