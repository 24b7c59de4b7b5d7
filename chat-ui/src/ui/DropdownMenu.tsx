/** A menu that a button opens: arrow keys move, typing finds, Escape closes. */
import type { LucideIcon } from "lucide-react";
import { DropdownMenu as Radix } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "./cn";
import { Kbd } from "./Kbd";

export const DropdownMenu = Radix.Root;
export const DropdownMenuTrigger = Radix.Trigger;

export function DropdownMenuContent(props: ComponentProps<typeof Radix.Content>) {
  const { className, ...rest } = props;
  return (
    <Radix.Portal>
      <Radix.Content
        align="start"
        sideOffset={6}
        collisionPadding={8}
        className={cn("menu", className)}
        {...rest}
      />
    </Radix.Portal>
  );
}

export interface DropdownMenuItemProps extends ComponentProps<typeof Radix.Item> {
  readonly icon?: LucideIcon;
  readonly shortcut?: string;
  readonly danger?: boolean;
}

export function DropdownMenuItem(props: DropdownMenuItemProps) {
  const { icon: Icon, shortcut, danger = false, className, children, ...rest } = props;
  return (
    <Radix.Item className={cn("menu-item", danger && "menu-item-danger", className)} {...rest}>
      {Icon !== undefined && <Icon aria-hidden className="size-4 shrink-0" />}
      <span className="min-w-0 flex-1">{children}</span>
      {shortcut !== undefined && <Kbd keys={shortcut} />}
    </Radix.Item>
  );
}

export function DropdownMenuSeparator() {
  return <Radix.Separator className="-mx-1 my-1 h-px bg-line" />;
}
