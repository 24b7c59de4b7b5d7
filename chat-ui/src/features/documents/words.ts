/** Documents in words. */
import type { DocumentSummary } from "../../api/schema";

const numbers = new Intl.NumberFormat("en");

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${numbers.format(count)} ${count === 1 ? one : many}`;
}

/** A day such as "3 Mar 2025"; what is no date stays as it is. */
export function dayOf(date: string): string {
  const time = /^\d{4}-\d{2}-\d{2}/.test(date) ? Date.parse(date) : Number.NaN;
  return Number.isNaN(time) ? date : days.format(time);
}

const days = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  timeZone: "UTC",
});

export function timeOf(ms: number): string {
  return days.format(ms);
}

/** What a document is and how large, in the order of use. */
export function factsOf(
  document: Pick<DocumentSummary, "format" | "pages" | "characters" | "date">,
  passages: number,
): readonly string[] {
  return [
    FORMATS[document.format] ?? document.format.toUpperCase(),
    ...(document.pages == null ? [] : [counted(document.pages, "page")]),
    counted(passages, "passage"),
    counted(document.characters, "character"),
    ...(document.date == null ? [] : [dayOf(document.date)]),
  ];
}

const FORMATS: Readonly<Record<string, string>> = {
  md: "Markdown",
  markdown: "Markdown",
  txt: "Text",
  text: "Text",
  html: "HTML",
  htm: "HTML",
  pdf: "PDF",
  docx: "Word",
};

/** The groups that may read it, where that is not everybody. */
export function restrictedTo(groups: readonly string[]): readonly string[] {
  return groups.includes("public") ? [] : groups;
}

/** A path of sections as it is read: "Prices › Escalation". */
export function sectionWords(section: string): string {
  return section.replaceAll(" > ", " › ");
}

/** The address of a document's page, at one of its passages. */
export function documentPath(document: string, passage?: number | string): string {
  const at = passage === undefined ? "" : `?passage=${encodeURIComponent(passage)}`;
  return `/documents/${encodeURIComponent(document)}${at}`;
}
