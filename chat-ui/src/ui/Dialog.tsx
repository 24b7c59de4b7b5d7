/** Windows above the page. Focus stays inside, Escape closes, and focus goes back where it was. */
import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { IconButton } from "./Button";
import { cn } from "./cn";

export const Dialog = Radix.Root;

/** Focus goes to the window itself, unless something in it took it by `autoFocus`. */
export function focusWindow(event: Event): void {
  event.preventDefault();
  if (event.currentTarget instanceof HTMLElement) event.currentTarget.focus();
}

export interface DialogContentProps {
  readonly title: string;
  readonly description?: ReactNode;
  readonly children?: ReactNode;
  /** Buttons at the lower end. */
  readonly footer?: ReactNode;
  readonly className?: string;
}

export function DialogContent(props: DialogContentProps) {
  const { title, description, children, footer, className } = props;
  return (
    <Radix.Portal>
      <Radix.Overlay className="overlay" />
      <Radix.Content
        onOpenAutoFocus={focusWindow}
        className={cn("dialog", className)}
        {...(description === undefined ? { "aria-describedby": undefined } : {})}
      >
        <div className="flex items-start justify-between gap-4 px-5 pt-4">
          <div className="min-w-0 pt-1">
            <Radix.Title className="font-semibold text-ink leading-6">{title}</Radix.Title>
            {description !== undefined && (
              <Radix.Description className="mt-1 text-muted text-sm leading-5">
                {description}
              </Radix.Description>
            )}
          </div>
          <Radix.Close asChild>
            <IconButton label="Close" size="sm" className="-me-1.5">
              <X aria-hidden />
            </IconButton>
          </Radix.Close>
        </div>
        <div className="min-h-0 overflow-y-auto px-5 pt-3 pb-5">{children}</div>
        {footer !== undefined && (
          <div className="flex flex-wrap justify-end gap-2 border-line border-t px-5 py-3">
            {footer}
          </div>
        )}
      </Radix.Content>
    </Radix.Portal>
  );
}
