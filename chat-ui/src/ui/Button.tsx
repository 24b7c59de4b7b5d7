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
      primary: "bg-accent text-on-accent hover:bg-accent-strong",
      secondary: "border border-line bg-surface text-ink hover:bg-sunken",
      ghost: "text-muted hover:bg-hover hover:text-ink",
      soft: "bg-accent-soft text-accent hover:bg-accent-soft-strong",
      danger: "bg-danger text-on-danger hover:opacity-90",
      "danger-ghost": "text-danger hover:bg-danger-soft",
    },
    size: {
      sm: "h-8 gap-1.5 rounded-lg px-2.5 text-xs",
      md: "h-9 gap-2 rounded-lg px-3.5 text-sm",
      lg: "h-11 gap-2 rounded-xl px-5 text-sm",
    },
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
    variant: {
      ghost: "text-muted hover:bg-hover hover:text-ink data-[state=open]:bg-hover",
      outline: "border border-line bg-surface text-muted shadow-xs hover:text-ink",
      primary: "bg-accent text-on-accent hover:bg-accent-strong",
    },
    size: {
      xs: "size-6 rounded-md [&_svg]:size-3.5",
      sm: "size-8 rounded-lg [&_svg]:size-4",
      md: "size-9 rounded-lg [&_svg]:size-4.5",
    },
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
