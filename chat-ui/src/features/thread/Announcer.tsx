/** Reads the running answer to screen readers by the sentence: tokens would be noise. */
import { useEffect, useRef, useState } from "react";
import { isOpen, shownText } from "../../chat/answer";
import type { Turn } from "../../chat/conversation";
import { useView } from "../../session/session_context";
import { statusOf } from "./StatusLine";

export function Announcer() {
  const turn = useView(({ chat }) => chat.turns.at(-1) ?? null);
  const connected = useView(({ connection }) => connection.phase === "ready");
  const [said, setSaid] = useState("");
  /** What was there when the page opened is not news. */
  const spoken = useRef(
    turn === null ? null : { id: turn.clientMsgId, length: wordsOf(turn).length },
  );
  useEffect(() => {
    if (turn === null) return;
    if (spoken.current?.id !== turn.clientMsgId)
      spoken.current = { id: turn.clientMsgId, length: 0 };
    const words = wordsOf(turn);
    const ready = completeSentences(words, turn.answer === null || isOpen(turn.answer));
    if (ready > spoken.current.length) {
      setSaid(words.slice(spoken.current.length, ready).trim());
      spoken.current = { ...spoken.current, length: ready };
    } else if (words === "") setSaid(turn.refusal?.message ?? statusOf(turn, connected));
  }, [turn, connected]);
  return (
    <div aria-live="polite" className="sr-only" data-testid="announcer">
      {said}
    </div>
  );
}

/** The answer without Markdown's marks and citation numbers, and how it ended. */
export function wordsOf({ answer }: Turn): string {
  if (answer === null) return "";
  const text = shownText(answer)
    .replace(/\[\d{1,3}\]/g, "")
    .replace(/[*_`#>|]+/g, "");
  const ending = answer.end === null ? "" : ENDINGS[answer.end.state];
  return answer.end?.error ? `${text} ${answer.end.error.message}` : text + ending;
}

const ENDINGS = {
  done: " Answer complete.",
  cancelled: " Answer stopped.",
  truncated: " The answer was cut short.",
  error: " The answer failed.",
} as const;

/** Up to where the text consists of whole sentences; all of it once it is complete. */
export function completeSentences(text: string, open: boolean): number {
  if (!open) return text.length;
  const last = [...text.matchAll(/[.!?:](?=\s)|\n/g)].at(-1);
  return last === undefined ? 0 : last.index + 1;
}
