import { ScrollArea as Radix } from "radix-ui";
import type { ReactNode, Ref } from "react";
import { cn } from "./cn";

export interface ScrollAreaProps {
  readonly children: ReactNode;
  /** The element that scrolls, for virtual lists. */
  readonly viewportRef?: Ref<HTMLDivElement>;
  readonly className?: string;
}

/** Scrolls with a thin bar above the content, which takes no room from it. */
export function ScrollArea({ children, viewportRef, className }: ScrollAreaProps) {
  return (
    <Radix.Root type="hover" className={cn("min-h-0 overflow-hidden", className)}>
      <Radix.Viewport ref={viewportRef} className="size-full [&>div]:block!">
        {children}
      </Radix.Viewport>
      <Radix.Scrollbar orientation="vertical" className="scrollbar">
        <Radix.Thumb className="relative flex-1 rounded-full bg-muted/40" />
      </Radix.Scrollbar>
    </Radix.Root>
  );
}
