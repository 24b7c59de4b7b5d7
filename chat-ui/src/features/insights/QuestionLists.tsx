/** Which questions were asked most, and which had no good end. */
import { type ReactNode, useId } from "react";
import { Link } from "wouter";
import type { FailedQuestion, TopQuestion } from "../../api/schema";
import { Badge } from "../../ui/Badge";
import { count, moment } from "./words";

export function TopQuestions({ questions }: { readonly questions: readonly TopQuestion[] }) {
  return (
    <Card title="Asked most" empty={questions.length === 0 ? "No question was asked twice." : null}>
      {questions.map(({ question, count: times, cache_hits: hits, last_at: at }) => (
        <li key={question} className="figure-row">
          <span dir="auto" className="min-w-0 flex-1">
            {question}
            <span className="block text-muted text-xs">
              Last on {moment(at)}
              {hits > 0 && `, ${count(hits)} from the cache`}
            </span>
          </span>
          <span className="shrink-0 font-medium tabular-nums">
            {count(times)}
            <span className="sr-only"> times</span>
          </span>
        </li>
      ))}
    </Card>
  );
}

export function FailedQuestions({ questions }: { readonly questions: readonly FailedQuestion[] }) {
  return (
    <Card title="Without a good end" empty={questions.length === 0 ? "There are none." : null}>
      {questions.map(({ question, state, code, answer_id: id, conversation_id: where, at }) => (
        <li key={id} className="figure-row">
          <span className="min-w-0 flex-1">
            <Link href={`/c/${where}`} dir="auto" className="hover:text-accent hover:underline">
              {question}
            </Link>
            <span className="block text-muted text-xs">
              {moment(at)}
              {code != null && ` · ${code}`}
            </span>
          </span>
          <Badge tone={STATES[state].tone}>{STATES[state].words}</Badge>
        </li>
      ))}
    </Card>
  );
}

const STATES = {
  error: { words: "Failed", tone: "danger" },
  truncated: { words: "Cut short", tone: "warn" },
  cancelled: { words: "Stopped", tone: "quiet" },
  abstained: { words: "Abstained", tone: "quiet" },
} as const;

function Card(props: {
  readonly title: string;
  readonly empty: string | null;
  readonly children: ReactNode;
}) {
  const { title, empty, children } = props;
  const name = useId();
  return (
    <section aria-labelledby={name} className="figure-card">
      <h2 id={name} className="font-medium text-sm leading-6">
        {title}
      </h2>
      {empty === null ? (
        <ul className="mt-1">{children}</ul>
      ) : (
        <p className="mt-2 text-muted text-sm">{empty}</p>
      )}
    </section>
  );
}
