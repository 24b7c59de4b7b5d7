/** Where the blocks of a Markdown text begin, so that offsets in the text can be found in a block. */
import { parseMarkdownIntoBlocks } from "streamdown";

export interface BlockParser {
  /** Splits a text into its blocks. */
  readonly parse: (text: string) => string[];
  /** Offset of a block of the text that was parsed last. */
  readonly startOf: (index: number) => number;
}

export function createBlockParser(
  split: (text: string) => string[] = parseMarkdownIntoBlocks,
): BlockParser {
  let starts: readonly number[] = [0];
  return {
    parse(text) {
      const blocks = split(text);
      let at = 0;
      starts = blocks.map((block) => {
        const start = at;
        at += block.length;
        return start;
      });
      return blocks;
    },
    startOf: (index) => starts[index] ?? 0,
  };
}
