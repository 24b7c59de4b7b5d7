/** The golden streams of events/wire, and what each of them expects. */
import { readdirSync, readFileSync } from "node:fs";
import type { ClientMessage } from "../src/protocol/wire";

const FOLDER = new URL("../../events/wire/", import.meta.url);

export interface Expected {
  readonly answers: readonly {
    readonly answer_id: string;
    readonly epoch: number;
    readonly state: string;
    readonly text: string;
    readonly sha256: string;
    readonly sources: readonly string[];
  }[];
  readonly resumes: number;
  readonly rejected?: readonly { readonly client_msg_id: string; readonly code: string }[];
}

export type Line =
  | { readonly client: ClientMessage }
  | { readonly server: Record<string, unknown> & { readonly type: string } };

export interface Golden {
  readonly name: string;
  readonly lines: readonly Line[];
  readonly expect: Expected;
}

export function goldenStreams(): readonly Golden[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".jsonl"))
    .sort()
    .map((file) => readGolden(file.replace(/\.jsonl$/, "")));
}

export function readGolden(name: string): Golden {
  const lines = readFileSync(new URL(`${name}.jsonl`, FOLDER), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line | { expect: Expected });
  const last = lines.pop();
  if (last === undefined || !("expect" in last)) throw new Error(`${name} has no expect line`);
  return { name, lines: lines as Line[], expect: last.expect };
}
