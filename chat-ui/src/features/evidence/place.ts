/** Words for where a passage stands, and its text without the marks of tables. */

interface Placed {
  readonly page?: number | null;
  readonly section?: string | null;
}

/** Page and section as words; empty where neither is known. */
export function placeOf({ page, section }: Placed): string {
  const path = section ? section.replaceAll(" > ", " › ") : null;
  const parts = [page == null ? null : `p. ${page}`, path];
  return parts.filter((part) => part !== null).join(" · ");
}

/** Table cells of an excerpt, set apart by dots instead of Markdown's bars. */
export function plainExcerpt(excerpt: string): string {
  return excerpt
    .replace(/(\s*\|[\s:|-]*)+/g, " · ")
    .replace(/^ · | · $/g, "")
    .replace(/\*\*|__|`/g, "");
}

/** The address of a source where it is one that a person may follow. */
export function safeAddress(url: string | null | undefined): string | null {
  return url && /^https?:\/\//i.test(url) ? url : null;
}
