import { CircleAlert, RotateCw } from "lucide-react";
import { Button } from "./Button";
import { EmptyState } from "./EmptyState";

export interface QueryFailureProps {
  readonly title: string;
  /** What went wrong, and what can be done. */
  readonly message: string;
  readonly onRetry: () => void;
  readonly retrying?: boolean;
}

/** Something could not be read. */
export function QueryFailure({ title, message, onRetry, retrying = false }: QueryFailureProps) {
  return (
    <EmptyState
      icon={CircleAlert}
      title={title}
      alert
      actions={
        <Button onClick={onRetry} busy={retrying}>
          {!retrying && <RotateCw aria-hidden className="size-3.5" />}
          Try again
        </Button>
      }
    >
      {message}
    </EmptyState>
  );
}
