/** Which ranges of a Markdown text fall into which of the blocks that it is rendered by. */
import { parseMarkdownIntoBlocks } from "streamdown";
import type { SourceRange } from "./ranges";

const NONE: readonly SourceRange[] = [];

export class Placement {
  readonly #split: (text: string) => string[];
  #starts: readonly number[] = [];
  #ranges: readonly SourceRange[] = NONE;
  /** By block; `null` until they are asked for. */
  #placed: readonly (readonly SourceRange[])[] | null = null;
  #before: readonly (readonly SourceRange[])[] = [];

  constructor(split: (text: string) => string[] = parseMarkdownIntoBlocks) {
    this.#split = split;
  }

  /** Splits a text into its blocks. */
  readonly parse = (text: string): string[] => {
    const blocks = this.#split(text);
    let at = 0;
    this.#starts = blocks.map((block) => {
      const start = at;
      at += block.length;
      return start;
    });
    this.#placed = null;
    return blocks;
  };

  /** `ranges` count from the start of the text. */
  setRanges(ranges: readonly SourceRange[]): void {
    if (ranges === this.#ranges) return;
    this.#ranges = ranges;
    this.#placed = null;
  }

  /** Ranges within a block, from its start: the same list for as long as they are the same. */
  rangesIn(index: number): readonly SourceRange[] {
    this.#placed ??= this.#place();
    return this.#placed[index] ?? NONE;
  }

  #place(): readonly (readonly SourceRange[])[] {
    const starts = this.#starts;
    const blocks: SourceRange[][] = starts.map(() => []);
    for (const range of this.#ranges) {
      for (let index = blockAt(starts, range.start); index < starts.length; index += 1) {
        const start = starts[index] ?? 0;
        if (start >= range.end) break;
        blocks[index]?.push({ ...range, start: range.start - start, end: range.end - start });
      }
    }
    const before = this.#before;
    this.#before = blocks.map((ranges, index) => {
      const known = before[index] ?? NONE;
      return areSame(known, ranges) ? known : ranges;
    });
    return this.#before;
  }
}

/** The last block that begins at `offset` or before. */
function blockAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

function areSame(some: readonly SourceRange[], others: readonly SourceRange[]): boolean {
  return (
    some.length === others.length && some.every((range, index) => isSame(range, others[index]))
  );
}

function isSame(range: SourceRange, other: SourceRange | undefined): boolean {
  return (
    other !== undefined &&
    range.start === other.start &&
    range.end === other.end &&
    range.tag === other.tag &&
    range.place === other.place &&
    Object.entries(range.properties ?? {}).every(
      ([key, value]) => other.properties?.[key] === value,
    )
  );
}
