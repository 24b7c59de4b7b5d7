/** Asks before something that cannot be taken back. A click beside it does not answer. */
import { AlertDialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { Button } from "./Button";

export interface AlertDialogProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly title: string;
  readonly children: ReactNode;
  /** The words of the button that does it, for example "Delete everything". */
  readonly action: string;
  readonly onAction: () => void;
  readonly danger?: boolean;
}

export function AlertDialog(props: AlertDialogProps) {
  const { open, onOpenChange, title, children, action, onAction, danger = true } = props;
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="overlay" />
        <Radix.Content className="dialog max-w-md p-5">
          <Radix.Title className="font-semibold text-ink leading-6">{title}</Radix.Title>
          <Radix.Description asChild>
            <div className="mt-2 text-muted text-sm leading-6">{children}</div>
          </Radix.Description>
          <div className="mt-5 flex flex-wrap justify-end gap-2">
            <Radix.Cancel asChild>
              <Button>Cancel</Button>
            </Radix.Cancel>
            <Radix.Action asChild>
              <Button variant={danger ? "danger" : "primary"} onClick={onAction}>
                {action}
              </Button>
            </Radix.Action>
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
