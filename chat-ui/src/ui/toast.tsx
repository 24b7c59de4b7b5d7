/** Short messages at the edge of the page, announced politely; `action` takes something back. */
import { Toaster as Sonner, toast } from "sonner";

export { toast };

export function Toaster({ theme }: { readonly theme: "light" | "dark" | "system" }) {
  return (
    <Sonner
      theme={theme}
      position="bottom-center"
      closeButton
      gap={8}
      offset={88}
      mobileOffset={{ bottom: 88 }}
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
