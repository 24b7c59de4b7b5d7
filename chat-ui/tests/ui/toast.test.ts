import { expect, it } from "vitest";
import { presentToasts, toast } from "../../src/ui/toast";

it("messages wait for what shows them; what was taken away meanwhile does not come", () => {
  const shown: string[] = [];
  toast("Saved.");
  toast.error("Not sent.", { id: "send" });
  toast.error("Not kept.");
  toast.dismiss("send");
  presentToasts({
    show: (message, { tone }) => shown.push(`${tone ?? "plain"}: ${message}`),
    dismiss: () => {},
  });
  toast("Now.");
  presentToasts(null);
  toast("Later.");
  expect(shown).toEqual(["plain: Saved.", "error: Not kept.", "plain: Now."]);
});
