/** A question that can be asked differently: each wording is a branch of the conversation. */
import { PencilLine } from "lucide-react";
import { useRef, useState } from "react";
import type { Turn } from "../../chat/conversation";
import { useSession, useView } from "../../session/session_context";
import { IconButton } from "../../ui/Button";
import { BranchPicker } from "./BranchPicker";
import { QuestionEditor } from "./QuestionEditor";

export function Question({ turn }: { readonly turn: Turn }) {
  const session = useSession();
  const running = useView(({ chat }) => chat.running !== null);
  const [isEditing, setEditing] = useState(false);
  const edit = useRef<HTMLButtonElement>(null);
  if (isEditing) {
    return (
      <QuestionEditor
        question={turn.question}
        onDone={(question) => {
          setEditing(false);
          if (question === null) requestAnimationFrame(() => edit.current?.focus());
          else {
            session.edit(turn.clientMsgId, question);
            document.getElementById("question")?.focus();
          }
        }}
      />
    );
  }
  return (
    <div className="group/question flex flex-col items-end gap-1">
      <div className="flex w-full items-center justify-end gap-1">
        <IconButton
          ref={edit}
          label="Edit the question"
          size="sm"
          disabled={running}
          className="opacity-0 focus-visible:opacity-100 group-hover/question:opacity-100 pointer-coarse:opacity-100"
          onClick={() => setEditing(true)}
        >
          <PencilLine aria-hidden />
        </IconButton>
        <div className="question" dir="auto">
          <span className="sr-only">You asked: </span>
          {turn.question}
        </div>
      </div>
      <BranchPicker turn={turn} />
    </div>
  );
}
