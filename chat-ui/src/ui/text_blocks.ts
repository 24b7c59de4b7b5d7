/** Plain text with tables drawn by bars, as documents are indexed, taken apart for display. Pure. */

export type TextBlock =
  | { readonly kind: "text"; readonly text: string }
  /** Its first row is the heading. */
  | { readonly kind: "table"; readonly rows: readonly (readonly string[])[] };

const ROW = /^\s*\|.*\|\s*$/;
const RULE = /^[\s|:-]+$/;

/** Two or more rows in a row make a table; a line that only rules is left out of it. */
export function textBlocks(text: string): readonly TextBlock[] {
  const blocks: TextBlock[] = [];
  for (const lines of runs(text.split("\n"))) {
    if (lines.length > 1 && ROW.test(lines[0] ?? "")) {
      blocks.push({ kind: "table", rows: lines.filter((line) => !RULE.test(line)).map(cells) });
    } else {
      const paragraph = lines.join("\n").replace(/^\n+|\s+$/g, "");
      if (paragraph !== "") blocks.push({ kind: "text", text: paragraph });
    }
  }
  return blocks;
}

/** Neighbouring lines of the same kind together. */
function runs(lines: readonly string[]): readonly (readonly string[])[] {
  const found: string[][] = [];
  let inTable: boolean | null = null;
  for (const line of lines) {
    const isRow = ROW.test(line);
    if (isRow === inTable) found.at(-1)?.push(line);
    else found.push([line]);
    inTable = isRow;
  }
  return found;
}

function cells(row: string): readonly string[] {
  return row
    .trim()
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim());
}
