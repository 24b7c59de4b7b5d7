/** Signs out: closes this person's sockets and leaves nothing of theirs in this browser. */
import { LogOut } from "lucide-react";
import { useState } from "react";
import { useApi } from "../../api/api_context";
import { useSession } from "../../session/session_context";
import { Button } from "../../ui/Button";
import { useSignIn } from "./SignInGate";

/** `onSignedOut` is called once nothing is left; without sign-in it shows nothing. */
export function SignOut({ onSignedOut }: { readonly onSignedOut: () => void }) {
  const api = useApi();
  const session = useSession();
  const signIn = useSignIn();
  const [isBusy, setBusy] = useState(false);
  if (signIn === null) return null;
  const leave = async () => {
    setBusy(true);
    // A server that cannot be reached closes the sockets when the sign-in ends; the copies in this
    // browser must not wait for that.
    await api.logOut().catch(() => null);
    await session.discardAll();
    signIn.forget();
    onSignedOut();
  };
  return (
    <Button variant="ghost" busy={isBusy} onClick={() => void leave()}>
      <LogOut aria-hidden className="size-4" />
      Sign out
    </Button>
  );
}
