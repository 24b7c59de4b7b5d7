import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

/** A few words above the thread about where it comes from, announced politely. */
export function Note(props: { readonly icon: LucideIcon; readonly children: ReactNode }) {
  const { icon: Icon, children } = props;
  return (
    <div className="column pt-2">
      <div
        role="status"
        className="flex items-center gap-3 rounded-lg bg-warn-soft px-4 py-2 text-sm text-warn leading-5"
      >
        <Icon aria-hidden className="size-4 shrink-0" />
        {children}
      </div>
    </div>
  );
}
