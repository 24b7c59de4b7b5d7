import { cn } from "./cn";

/** Keys to press, such as "Ctrl Shift O"; one cap a word. */
export function Kbd({ keys, className }: { readonly keys: string; readonly className?: string }) {
  return (
    <span className="inline-flex shrink-0 items-center gap-0.5">
      {keys.split(" ").map((key) => (
        <kbd key={key} className={cn("kbd", className)}>
          {key}
        </kbd>
      ))}
    </span>
  );
}
