import type { LucideIcon } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "./cn";

export interface InputProps extends ComponentProps<"input"> {
  readonly icon?: LucideIcon;
  /** Shown at the end of the field, for example a button that clears it. */
  readonly trailing?: ReactNode;
}

/** One line of text. It needs a `<label>` or an `aria-label`. */
export function Input({ icon: Icon, trailing, className, ...rest }: InputProps) {
  return (
    <span className={cn("field field-line", className)}>
      {Icon !== undefined && <Icon aria-hidden className="size-4 shrink-0 text-muted" />}
      <input dir="auto" className="field-input h-full" {...rest} />
      {trailing}
    </span>
  );
}

/** Several lines of text. It needs a `<label>` or an `aria-label`. */
export function Textarea({ className, ...rest }: ComponentProps<"textarea">) {
  return (
    <span className={cn("field field-area", className)}>
      <textarea dir="auto" className="field-input block min-h-16 resize-y leading-6" {...rest} />
    </span>
  );
}
