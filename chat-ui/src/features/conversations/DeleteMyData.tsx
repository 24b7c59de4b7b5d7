/** Deletes everything that the server and this browser hold of a person. */
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useApi } from "../../api/api_context";
import { useSession } from "../../session/session_context";
import { AlertDialog } from "../../ui/AlertDialog";
import { Button } from "../../ui/Button";
import { toast } from "../../ui/toast";
import { wordsOf } from "./conversation_changes";

/** `onDeleted` is called once nothing is left: the page has to begin anew, as somebody else. */
export function DeleteMyData({ onDeleted }: { readonly onDeleted: () => void }) {
  const api = useApi();
  const session = useSession();
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const remove = async () => {
    setBusy(true);
    try {
      await api.deleteMe();
      await session.discardAll();
      onDeleted();
    } catch (error) {
      toast.error("Your data could not be deleted", { description: wordsOf(error) });
    }
    setBusy(false);
  };
  return (
    <div className="flex items-center justify-between gap-4 border-line border-t pt-5">
      <p className="text-muted text-sm leading-5">
        <span className="block text-ink">Your data</span>
        Conversations, answers and feedback, on the server and in this browser.
      </p>
      <Button variant="danger-ghost" busy={isBusy} onClick={() => setAsking(true)}>
        <Trash2 aria-hidden className="size-4" />
        Delete my data
      </Button>
      <AlertDialog
        open={isAsking}
        onOpenChange={setAsking}
        title="Delete all of your data?"
        action="Delete everything"
        onAction={() => void remove()}
      >
        Your conversations, answers, feedback and drafts are deleted, on the server and in this
        browser. This cannot be undone.
      </AlertDialog>
    </div>
  );
}
