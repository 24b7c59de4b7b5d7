/** The empty page: what this is, and questions that the documents answer. */
import { useSession } from "../../session/session_context";
import { Skeleton } from "../../ui/Skeleton";
import { MOST_STARTERS, type Starter, useStarters } from "./starters";

export function Welcome() {
  const starters = useStarters();
  return (
    <div className="column flex min-h-full flex-col justify-center py-8">
      <h1 className="text-balance font-semibold text-2xl tracking-tight sm:text-3xl">
        What do you want to know?
      </h1>
      <p className="mt-2 text-balance text-muted">
        Ask about the energy documents. Every answer shows the passages it rests on, so that you can
        check it.
      </p>
      <ul aria-label="Questions to start with" className="mt-8 grid gap-2.5 sm:grid-cols-2">
        {starters === null ? (
          <Waiting />
        ) : (
          starters.map((starter) => <StarterItem key={starter.question} starter={starter} />)
        )}
      </ul>
    </div>
  );
}

function StarterItem({ starter: { topic, question } }: { readonly starter: Starter }) {
  const session = useSession();
  return (
    <li className="flex">
      <button type="button" className="starter" onClick={() => session.ask(question)}>
        <span className="line-clamp-1 font-medium text-accent text-xs">{topic}</span>
        <span className="line-clamp-3 text-sm leading-snug">{question}</span>
      </button>
    </li>
  );
}

/** As high as the questions, so that nothing moves when they come. */
function Waiting() {
  return Array.from({ length: MOST_STARTERS }, (_, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
    <li key={index}>
      <Skeleton className="h-24 rounded-xl" />
    </li>
  ));
}
