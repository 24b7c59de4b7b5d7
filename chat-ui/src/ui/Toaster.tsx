/** Shows what `toast` is told, politely announced. Load it lazily. */
import { useEffect } from "react";
import { Toaster as Sonner, toast as show } from "sonner";
import { presentToasts } from "./toast";

/** Above the question box. */
const OFFSET_PX = 88;

export default function Toaster({ theme }: { readonly theme: "light" | "dark" | "system" }) {
  useEffect(() => {
    presentToasts({
      show: (message, { tone, ...options }) => {
        if (tone === "error") show.error(message, options);
        else show(message, options);
      },
      dismiss: (id) => void show.dismiss(id),
    });
    return () => presentToasts(null);
  }, []);
  return (
    <Sonner
      theme={theme}
      position="bottom-center"
      closeButton
      gap={8}
      offset={OFFSET_PX}
      mobileOffset={{ bottom: OFFSET_PX }}
      toastOptions={{
        classNames: {
          toast: "toast",
          description: "toast-description",
          actionButton: "toast-action",
          closeButton: "toast-close",
        },
      }}
    />
  );
}
