import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { Input } from "../../ui/Input";

const MOST_CHARS = 200;

interface RenameFieldProps {
  readonly title: string;
  /** The new title, or `null` where it stays. */
  readonly onDone: (title: string | null) => void;
}

/** Enter or leaving the field keeps the new title, Escape the old one. */
export function RenameField({ title, onDone }: RenameFieldProps) {
  const [text, setText] = useState(title);
  const field = useRef<HTMLInputElement>(null);
  const isOver = useRef(false);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const finish = (keep: boolean) => {
    if (isOver.current) return;
    isOver.current = true;
    const changed = text.trim();
    onDone(keep && changed !== "" && changed !== title ? changed : null);
  };
  const press = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter") finish(true);
    if (event.key === "Escape") finish(false);
  };
  return (
    <Input
      ref={field}
      aria-label={`New title of “${title}”`}
      maxLength={MOST_CHARS}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onKeyDown={press}
      onBlur={() => finish(true)}
    />
  );
}
