/** Reads the running answer to screen readers by the sentence: tokens would be noise. */
import { useEffect, useRef, useState } from "react";
import { isOpen, shownText } from "../../chat/answer";
import { isRunning, type Turn } from "../../chat/conversation";
import { useView } from "../../session/session_context";
import { statusOf } from "./StatusLine";

/** How much of which turn has been said. */
interface Spoken {
  readonly id: string;
  /** Characters of its text. */
  readonly length: number;
  readonly ended: boolean;
}

export function Announcer() {
  const turn = useView(({ chat }) => chat.turns.at(-1) ?? null);
  const connected = useView(({ connection }) => connection.phase === "ready");
  const [said, setSaid] = useState("");
  /** What was there when the page, or another conversation, was opened is not news. */
  const spoken = useRef<Spoken | null>(turn === null ? null : wholeOf(turn));
  useEffect(() => {
    if (turn === null) return;
    const before = isRunning(turn) ? nothingOf(turn) : wholeOf(turn);
    const known = spoken.current?.id === turn.clientMsgId ? spoken.current : before;
    const { words, next } = newWords(turn, known);
    spoken.current = next;
    if (words !== "") setSaid(words);
    else if (textOf(turn) === "" && !next.ended) setSaid(statusOf(turn, connected));
  }, [turn, connected]);
  return (
    <div aria-live="polite" className="sr-only" data-testid="announcer">
      {said}
    </div>
  );
}

const ENDINGS = {
  done: " Answer complete.",
  cancelled: " Answer stopped.",
  truncated: " The answer was cut short.",
  error: " The answer failed.",
} as const;

/** What has come since in whole sentences, without Markdown's marks, and how it ended. */
function newWords(turn: Turn, spoken: Spoken): { words: string; next: Spoken } {
  const text = textOf(turn);
  const open = turn.refusal === null && (turn.answer === null || isOpen(turn.answer));
  if (spoken.ended) return { words: "", next: spoken };
  const fresh = text.slice(spoken.length);
  const length = open ? completeSentences(fresh) : fresh.length;
  const words = plainWords(fresh.slice(0, length));
  const next = { ...spoken, length: spoken.length + length, ended: !open };
  return { words: open ? words : `${words}${endingOf(turn)}`.trim(), next };
}

function endingOf({ answer, refusal }: Turn): string {
  if (refusal !== null) return ` ${refusal.message}`;
  const end = answer?.end ?? null;
  if (end === null) return "";
  return end.error ? ` ${end.error.message}` : ENDINGS[end.state];
}

/** Up to where a text consists of whole sentences. */
export function completeSentences(text: string): number {
  const last = [...text.matchAll(/[.!?:](?=\s)|\n/g)].at(-1);
  return last === undefined ? 0 : last.index + 1;
}

function plainWords(text: string): string {
  return text
    .replace(/\[\d{1,3}\]/g, "")
    .replace(/[*_`#>|]+/g, "")
    .trim();
}

function textOf({ answer }: Turn): string {
  return answer === null ? "" : shownText(answer);
}

function nothingOf({ clientMsgId }: Turn): Spoken {
  return { id: clientMsgId, length: 0, ended: false };
}

function wholeOf(turn: Turn): Spoken {
  const ended = turn.refusal !== null || (turn.answer !== null && !isOpen(turn.answer));
  return { id: turn.clientMsgId, length: textOf(turn).length, ended };
}
