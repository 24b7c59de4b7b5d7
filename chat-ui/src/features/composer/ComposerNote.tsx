/** The line below the question box: what stands in the way of sending, or a word of caution. */
interface ComposerNoteProps {
  readonly length: number;
  readonly limit: number;
  readonly connected: boolean;
  /** Enter was pressed while an answer runs. */
  readonly waiting: boolean;
}

/** From this share of the limit on, the count is shown. */
const SHOW_COUNT_FROM = 0.8;

const count = new Intl.NumberFormat("en");

export function ComposerNote({ length, limit, connected, waiting }: ComposerNoteProps) {
  if (length > limit) {
    return (
      <span className="text-danger" role="alert">
        {count.format(length - limit)} characters too long; the limit is {count.format(limit)}.
      </span>
    );
  }
  if (waiting) {
    return <span role="status">Stop the answer, or wait for its end, to send this.</span>;
  }
  if (length > limit * SHOW_COUNT_FROM) {
    return `${count.format(length)} of ${count.format(limit)} characters`;
  }
  if (!connected && length > 0) return "Your question will be sent once the connection is back.";
  return "Answers can be wrong. Check them against their sources.";
}
