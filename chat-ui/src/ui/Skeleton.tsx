import { cn } from "./cn";

/** Stands where content will be, at its size, so that nothing moves when it comes. */
export function Skeleton({ className }: { readonly className?: string }) {
  return <div aria-hidden className={cn("skeleton", className)} />;
}
