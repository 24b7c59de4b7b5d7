import { cva, type VariantProps } from "class-variance-authority";
import type { ComponentProps } from "react";
import { cn } from "./cn";

const badge = cva("badge", {
  variants: {
    tone: {
      quiet: "badge-quiet",
      accent: "badge-accent",
      warn: "badge-warn",
      danger: "badge-danger",
    },
  },
  defaultVariants: { tone: "quiet" },
});

export interface BadgeProps extends ComponentProps<"span">, VariantProps<typeof badge> {}

export function Badge({ tone, className, ...rest }: BadgeProps) {
  return <span className={cn(badge({ tone }), className)} {...rest} />;
}
