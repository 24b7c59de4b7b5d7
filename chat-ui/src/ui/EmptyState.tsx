import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "./cn";

export interface EmptyStateProps {
  readonly icon: LucideIcon;
  readonly title: string;
  /** What a person can do about it. */
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
  /** Set where it tells of a failure: it is announced. */
  readonly alert?: boolean;
  readonly className?: string;
}

/** Nothing is there, and why. */
export function EmptyState(props: EmptyStateProps) {
  const { icon: Icon, title, children, actions, alert, className } = props;
  return (
    <div role={alert ? "alert" : undefined} className={cn("empty-state", className)}>
      <span className="mb-4 grid size-11 place-items-center rounded-full bg-sunken text-muted">
        <Icon aria-hidden className="size-5" />
      </span>
      <h2 className="font-medium text-ink">{title}</h2>
      {children !== undefined && (
        <div className="mt-1.5 text-balance text-muted text-sm leading-6">{children}</div>
      )}
      {actions !== undefined && (
        <div className="mt-5 flex flex-wrap justify-center gap-2">{actions}</div>
      )}
    </div>
  );
}
