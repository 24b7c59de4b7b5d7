import { Switch as Radix } from "radix-ui";
import { type ReactNode, useId } from "react";

export interface SwitchProps {
  readonly label: ReactNode;
  readonly note?: ReactNode;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

/** A setting that is on or off, with its words beside it. */
export function Switch({ label, note, checked, onChange }: SwitchProps) {
  const id = useId();
  return (
    <div className="flex items-start justify-between gap-6">
      <label htmlFor={id} className="text-sm">
        {label}
        {note !== undefined && <span className="mt-0.5 block text-muted text-xs">{note}</span>}
      </label>
      <Radix.Root id={id} checked={checked} onCheckedChange={onChange} className="switch">
        <Radix.Thumb className="switch-thumb" />
      </Radix.Root>
    </div>
  );
}
