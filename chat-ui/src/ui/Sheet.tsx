/** A panel that slides in from a side of the page, above it: a drawer on a phone. */
import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { IconButton } from "./Button";
import { cn } from "./cn";
import { focusWindow } from "./Dialog";

export interface SheetProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  /** Its name; shown unless `bare`. */
  readonly title: string;
  readonly side?: "start" | "end";
  /** Without a heading: the content brings its own, and its own way to close. */
  readonly bare?: boolean;
  readonly children: ReactNode;
  readonly className?: string;
}

export function Sheet(props: SheetProps) {
  const { open, onOpenChange, title, side = "end", bare = false, children, className } = props;
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="overlay" />
        <Radix.Content
          aria-describedby={undefined}
          onOpenAutoFocus={focusWindow}
          className={cn("sheet", side === "start" ? "sheet-start" : "sheet-end", className)}
        >
          {bare ? (
            <Radix.Title className="sr-only">{title}</Radix.Title>
          ) : (
            <div className="flex h-14 shrink-0 items-center justify-between gap-3 border-line border-b ps-5 pe-3">
              <Radix.Title className="truncate font-semibold">{title}</Radix.Title>
              <Radix.Close asChild>
                <IconButton label="Close" size="sm">
                  <X aria-hidden />
                </IconButton>
              </Radix.Close>
            </div>
          )}
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
