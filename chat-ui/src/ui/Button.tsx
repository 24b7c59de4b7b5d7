/** Buttons: with words, or with an icon whose words are its tooltip. */
import { cva, type VariantProps } from "class-variance-authority";
import { Slot } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "./cn";
import { Spinner } from "./Spinner";
import { Tooltip } from "./Tooltip";

const button = cva("button", {
  variants: {
    variant: {
      primary: "button-primary",
      secondary: "button-secondary",
      ghost: "button-ghost",
      soft: "button-soft",
      danger: "button-danger",
      "danger-ghost": "button-danger-ghost",
    },
    size: { sm: "button-sm", md: "button-md", lg: "button-lg" },
  },
  defaultVariants: { variant: "secondary", size: "md" },
});

export interface ButtonProps extends ComponentProps<"button">, VariantProps<typeof button> {
  /** The only child gets the looks, for example a link. */
  readonly asChild?: boolean;
  /** Cannot be pressed, and shows that something runs. */
  readonly busy?: boolean;
}

export function Button(props: ButtonProps) {
  const { asChild = false, busy = false, variant, size, className, children, ...rest } = props;
  const looks = cn(button({ variant, size }), className);
  if (asChild) {
    return (
      <Slot.Root className={looks} {...rest}>
        {children}
      </Slot.Root>
    );
  }
  return (
    <button
      type="button"
      className={looks}
      {...rest}
      disabled={busy || rest.disabled}
      aria-busy={busy || undefined}
    >
      {busy && <Spinner className="size-3.5" />}
      {children}
    </button>
  );
}

const iconButton = cva("button", {
  variants: {
    variant: { ghost: "button-ghost", outline: "button-outline", primary: "button-primary" },
    size: { xs: "icon-button-xs", sm: "icon-button-sm", md: "icon-button-md" },
  },
  defaultVariants: { variant: "ghost", size: "md" },
});

export interface IconButtonProps extends ComponentProps<"button">, VariantProps<typeof iconButton> {
  /** The name for assistive technology, and the tooltip. */
  readonly label: string;
  /** Shown in the tooltip, for example "Ctrl B". */
  readonly shortcut?: string;
  readonly tooltipSide?: "top" | "bottom" | "left" | "right";
  readonly children: ReactNode;
}

/** The parent of an `IconButton` in a menu or dialog trigger passes its props through. */
export function IconButton(props: IconButtonProps) {
  const { label, shortcut, tooltipSide, variant, size, className, ...rest } = props;
  return (
    <Tooltip text={label} shortcut={shortcut} side={tooltipSide}>
      <button
        type="button"
        aria-label={label}
        className={cn(iconButton({ variant, size }), className)}
        {...rest}
      />
    </Tooltip>
  );
}
