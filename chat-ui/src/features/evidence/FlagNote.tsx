/** A quiet mark behind what the server could not confirm, with the reason. */
import { useState } from "react";
import type { Flag } from "../../protocol/wire";
import { HoverCard, HoverCardContent, HoverCardTrigger } from "../../ui/Popover";
import { useAnswerEvidence } from "./answer_evidence";

export function FlagNote({ index }: { readonly index: number }) {
  const { flags } = useAnswerEvidence();
  const [open, setOpen] = useState(false);
  const flag = flags[index];
  if (flag === undefined) return null;
  return (
    <HoverCard open={open} onOpenChange={setOpen}>
      <HoverCardTrigger asChild>
        <button
          type="button"
          className="flag-note"
          aria-label={labelOf(flag)}
          onClick={() => setOpen(true)}
        >
          ?
        </button>
      </HoverCardTrigger>
      <HoverCardContent side="top">
        <p className="font-medium text-sm">{titleOf(flag)}</p>
        <p className="mt-1 text-muted text-xs leading-5">{reasonOf(flag)}</p>
      </HoverCardContent>
    </HoverCard>
  );
}

function titleOf({ kind }: Flag): string {
  return kind === "figure" ? "Unverified figure" : "Unsupported sentence";
}

function labelOf(flag: Flag): string {
  return `${titleOf(flag)}: ${reasonOf(flag)}`;
}

function reasonOf({ kind, text }: Flag): string {
  return kind === "figure"
    ? `“${text}” stands in none of the cited passages. Check it before you use it.`
    : "The passages that this sentence cites do not say it. Check it before you use it.";
}
