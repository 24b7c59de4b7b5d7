/** Shown instead of the page when it cannot even learn where its server is. */
import { PlugZap } from "lucide-react";
import { Button } from "../ui/Button";

export function StartupError({ message }: { readonly message: string }) {
  return (
    <main className="grid min-h-dvh place-items-center p-6" role="alert">
      <div className="max-w-md text-center">
        <PlugZap aria-hidden className="mx-auto size-8 text-muted" />
        <h1 className="mt-4 font-semibold text-xl">EnergyCopilot could not start</h1>
        <p className="mt-2 text-muted">{message}</p>
        <Button variant="primary" className="mt-6" onClick={() => location.reload()}>
          Try again
        </Button>
      </div>
    </main>
  );
}
