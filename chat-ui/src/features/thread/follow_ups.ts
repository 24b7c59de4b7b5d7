/**
 * What to ask next, from what was found: passages near the question that the answer did not use.
 * They are in the documents, so a question about them has an answer.
 */
import type { Source } from "../../protocol/wire";

const MOST = 3;
/** Sections whose titles say nothing of what they are about. */
const SAYS_NOTHING =
  /^(introduction|overview|summary|general|definitions?|recitals?|contents|background|notes?|signatures?|page|changes|outlook|scope|calendar year|miscellaneous|appendix|annex|schedule)\b/i;

/** Up to three questions; `asked` are the questions of the conversation, which are not offered. */
export function followUps(
  sources: readonly Source[],
  cited: readonly string[],
  asked: readonly string[],
): readonly string[] {
  const used = sources.filter(({ id }) => cited.includes(id)).map(topicKey);
  const seen = new Set([...used, ...asked.map(normal)]);
  const found: string[] = [];
  for (const source of sources) {
    if (found.length === MOST) break;
    const topic = topicOf(source.section);
    if (cited.includes(source.id) || topic === null || seen.has(topicKey(source))) continue;
    const question = `What does “${source.title}” say about ${topic}?`;
    if (seen.has(normal(question))) continue;
    seen.add(topicKey(source)).add(normal(question));
    found.push(question);
  }
  return found;
}

/** The innermost section's title in the middle of a sentence; null where it says nothing. */
export function topicOf(section: string | null | undefined): string | null {
  const title = section
    ?.split(" > ")
    .at(-1)
    ?.replace(
      /^(?:(?:section|article|part|chapter)\s+)?(?:\d+(?:\.\d+)*|[A-Z]|[IVX]+)[.):]?\s+/i,
      "",
    )
    .trim();
  if (!title || title.length < 4 || title.length > 60 || SAYS_NOTHING.test(title)) return null;
  return /^[A-Z][a-z]+(?![\w-]*[A-Z\d])/.test(title) && !isName(title)
    ? title.charAt(0).toLowerCase() + title.slice(1)
    : title;
}

/** Several capitals make a name, which keeps them. */
function isName(title: string): boolean {
  return (title.match(/(?:^|\s)[A-Z]/g) ?? []).length > 1;
}

function topicKey({ document, section }: Source): string {
  return `${document}\n${section ?? ""}`;
}

function normal(question: string): string {
  return question
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}
