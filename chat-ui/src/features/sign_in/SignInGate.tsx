/** Asks who is there before it shows the page, where people sign in. */
import { KeyRound } from "lucide-react";
import { createContext, type ReactNode, useContext, useState, useSyncExternalStore } from "react";
import { Button } from "../../ui/Button";
import { Input } from "../../ui/Input";
import { isCredential, type SignIn } from "./sign_in";

const SignInContext = createContext<SignIn | null>(null);

/** Null where nobody signs in. */
export function useSignIn(): SignIn | null {
  return useContext(SignInContext);
}

export interface SignInGateProps {
  /** Null where nobody signs in. */
  readonly signIn: SignIn | null;
  readonly authMode: "none" | "api-key" | "cognito";
  readonly children: ReactNode;
}

const nothing = () => () => {};

export function SignInGate({ signIn, authMode, children }: SignInGateProps) {
  const credential = useSyncExternalStore(
    signIn?.subscribe ?? nothing,
    signIn?.credential ?? (() => null),
  );
  if (signIn !== null && credential === null) {
    return <SignInForm signIn={signIn} what={authMode === "cognito" ? "ID token" : "API key"} />;
  }
  return <SignInContext value={signIn}>{children}</SignInContext>;
}

function SignInForm({ signIn, what }: { readonly signIn: SignIn; readonly what: string }) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState(
    signIn.wasRefused() ? `The server did not accept that ${what}. Check it, then try again.` : "",
  );
  const submit = () => {
    if (isCredential(text.trim())) signIn.give(text.trim());
    else setProblem(`Paste the whole ${what}, without spaces or line breaks.`);
  };
  return (
    <main className="grid min-h-dvh place-items-center p-6">
      <form
        className="w-full max-w-sm"
        aria-labelledby="sign-in-title"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <KeyRound aria-hidden className="size-8 text-muted" />
        <h1 id="sign-in-title" className="mt-4 font-semibold text-xl">
          Sign in to EnergyCopilot
        </h1>
        <label className="mt-4 mb-1 block text-muted text-sm" htmlFor="credential">
          {what}
        </label>
        <Input
          id="credential"
          type="password"
          autoComplete="off"
          autoFocus
          value={text}
          aria-describedby="sign-in-problem"
          aria-invalid={problem !== ""}
          onChange={(event) => setText(event.target.value)}
        />
        <p id="sign-in-problem" role="alert" className="mt-2 min-h-5 text-danger text-sm">
          {problem}
        </p>
        <Button variant="primary" type="submit" className="mt-2">
          Sign in
        </Button>
        <p className="mt-4 text-muted text-sm">It is kept in this tab until you close it.</p>
      </form>
    </main>
  );
}
