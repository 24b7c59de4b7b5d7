import { LoaderCircle } from "lucide-react";
import { cn } from "./cn";

/** Something runs. With a `label` it says so to assistive technology as well. */
export function Spinner(props: { readonly label?: string; readonly className?: string }) {
  const icon = (
    <LoaderCircle aria-hidden className={cn("size-4 motion-safe:animate-spin", props.className)} />
  );
  if (props.label === undefined) return icon;
  return (
    <span role="status" className="inline-flex items-center gap-2 text-muted text-sm">
      {icon}
      {props.label}
    </span>
  );
}
