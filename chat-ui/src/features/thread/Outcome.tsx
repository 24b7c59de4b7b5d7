/** Says when an answer is not what it could be: refused, failed, cut short, unconfirmed. */
import { CircleAlert, CircleSlash, RotateCw, Scissors, ShieldAlert } from "lucide-react";
import type { ReactNode } from "react";
import { shownText } from "../../chat/answer";
import type { Refusal, Turn } from "../../chat/conversation";
import { useSecondsUntil } from "../../ui/timing";

interface OutcomeProps {
  readonly turn: Turn;
  readonly onRetry: () => void;
}

export function Outcome({ turn, onRetry }: OutcomeProps) {
  const { answer, refusal } = turn;
  if (refusal !== null) return <Refused refusal={refusal} onRetry={onRetry} />;
  if (answer === null || answer.end === null) return null;
  switch (answer.end.state) {
    case "error": {
      const error = answer.end.error;
      return (
        <Notice
          tone="danger"
          icon={<CircleAlert aria-hidden />}
          onRetry={error?.retryable === false ? null : onRetry}
        >
          {error?.message ?? "The answer could not be completed."}
          {shownText(answer) !== "" && " What had arrived is kept above."}
        </Notice>
      );
    }
    case "truncated":
      return (
        <Notice tone="warn" icon={<Scissors aria-hidden />} onRetry={onRetry}>
          The answer was cut short before it was complete.
        </Notice>
      );
    case "cancelled":
      return (
        <Notice tone="quiet" icon={<CircleSlash aria-hidden />} onRetry={onRetry}>
          You stopped this answer.
        </Notice>
      );
    case "done":
      return answer.verified ? null : (
        <Notice tone="warn" icon={<ShieldAlert aria-hidden />} onRetry={onRetry}>
          This text could not be checked against the stored answer.
        </Notice>
      );
  }
}

function Refused({
  refusal,
  onRetry,
}: {
  readonly refusal: Refusal;
  readonly onRetry: () => void;
}) {
  const seconds = useSecondsUntil(refusal.retryAt);
  const label = refusal.code === "unknown_conversation" ? "Ask in a new conversation" : "Try again";
  return (
    <Notice
      tone="warn"
      icon={<CircleAlert aria-hidden />}
      onRetry={onRetry}
      label={seconds > 0 ? `Try again in ${seconds} s` : label}
      blocked={seconds > 0}
    >
      {refusal.message}
    </Notice>
  );
}

interface NoticeProps {
  readonly tone: "danger" | "warn" | "quiet";
  readonly icon: ReactNode;
  readonly children: ReactNode;
  readonly onRetry: (() => void) | null;
  readonly label?: string;
  readonly blocked?: boolean;
}

function Notice({ tone, icon, children, onRetry, label = "Ask again", blocked }: NoticeProps) {
  return (
    <div className={`notice notice-${tone}`}>
      <span className="notice-icon">{icon}</span>
      <p className="min-w-0 flex-1">{children}</p>
      {onRetry !== null && (
        <button type="button" className="text-button" onClick={onRetry} disabled={blocked}>
          <RotateCw aria-hidden className="size-3" />
          {label}
        </button>
      )}
    </div>
  );
}
