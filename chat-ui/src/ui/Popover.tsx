/** A small window at a control: opened by a click (`Popover`), or by hover and focus (`HoverCard`). */
import { HoverCard as RadixHoverCard, Popover as RadixPopover } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "./cn";

export const Popover = RadixPopover.Root;
export const PopoverTrigger = RadixPopover.Trigger;
export const PopoverAnchor = RadixPopover.Anchor;

/** Give it an `aria-label`. */
export function PopoverContent(props: ComponentProps<typeof RadixPopover.Content>) {
  const { className, ...rest } = props;
  return (
    <RadixPopover.Portal>
      <RadixPopover.Content
        sideOffset={6}
        collisionPadding={8}
        className={cn("popover", className)}
        {...rest}
      />
    </RadixPopover.Portal>
  );
}

const OPEN_AFTER_MS = 200;
const CLOSE_AFTER_MS = 150;

export function HoverCard(props: ComponentProps<typeof RadixHoverCard.Root>) {
  return <RadixHoverCard.Root openDelay={OPEN_AFTER_MS} closeDelay={CLOSE_AFTER_MS} {...props} />;
}

export const HoverCardTrigger = RadixHoverCard.Trigger;

export function HoverCardContent(props: ComponentProps<typeof RadixHoverCard.Content>) {
  const { className, ...rest } = props;
  return (
    <RadixHoverCard.Portal>
      <RadixHoverCard.Content
        sideOffset={6}
        collisionPadding={8}
        className={cn("popover", className)}
        {...rest}
      />
    </RadixHoverCard.Portal>
  );
}
