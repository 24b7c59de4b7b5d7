import { LoaderCircle } from "lucide-react";
import { cn } from "./cn";

/** Something runs. With a `label` it says so to assistive technology as well. */
export function Spinner(props: { readonly label?: string; readonly className?: string }) {
  const { label, className } = props;
  if (label === undefined) return <LoaderCircle aria-hidden className={cn("spinner", className)} />;
  return (
    <p role="status" className={cn("flex items-center gap-2 text-muted text-sm", className)}>
      <LoaderCircle aria-hidden className="spinner" />
      {label}
    </p>
  );
}
