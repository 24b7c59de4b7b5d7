/** The empty page: what this is, and four questions that the sample documents answer. */
import { useSession } from "../../session/session_context";
import { STARTERS } from "./starters";

export function Welcome() {
  const session = useSession();
  return (
    <div className="column flex min-h-full flex-col justify-center py-8">
      <h1 className="text-balance font-semibold text-2xl tracking-tight sm:text-3xl">
        What do you want to know?
      </h1>
      <p className="mt-2 text-balance text-muted">
        Ask about the energy documents. Every answer shows the passages it rests on, so that you can
        check it.
      </p>
      <ul className="mt-8 grid gap-2.5 sm:grid-cols-2">
        {STARTERS.map(({ topic, question }) => (
          <li key={question} className="flex">
            <button type="button" className="starter" onClick={() => session.ask(question)}>
              <span className="font-medium text-accent text-xs">{topic}</span>
              <span className="text-sm leading-snug">{question}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
