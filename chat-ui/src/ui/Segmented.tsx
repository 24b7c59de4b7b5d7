/** One of a few, all in view: a radio group that looks like one switch with several positions. */
import { RadioGroup } from "radix-ui";
import type { ReactNode } from "react";
import { cn } from "./cn";

export interface SegmentedProps<T extends string> {
  /** The name for assistive technology. */
  readonly label: string;
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly options: readonly { readonly value: T; readonly label: ReactNode }[];
  readonly className?: string;
}

export function Segmented<T extends string>(props: SegmentedProps<T>) {
  const { label, value, onChange, options, className } = props;
  return (
    <RadioGroup.Root
      aria-label={label}
      value={value}
      orientation="horizontal"
      onValueChange={(chosen) => {
        const option = options.find((candidate) => candidate.value === chosen);
        if (option !== undefined) onChange(option.value);
      }}
      className={cn("segments", className)}
    >
      {options.map((option) => (
        <RadioGroup.Item key={option.value} value={option.value} className="segment">
          {option.label}
        </RadioGroup.Item>
      ))}
    </RadioGroup.Root>
  );
}
