/** The whole page over the in-process transport, for tests that look at it as a person does. */
import { act, cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { App } from "../../src/app/App";
import { SessionProvider } from "../../src/app/session_context";
import { createVault } from "../../src/chat/vault";
import { createRig, memoryStorage, type Rig } from "../builders";

export interface Page extends Rig {
  readonly user: ReturnType<typeof userEvent.setup>;
  readonly questionBox: () => HTMLElement;
}

export function openPage(storage: Storage = memoryStorage(), ids: readonly string[] = []): Page {
  let made = 0;
  const vault = createVault(storage, () => `client-${++made}`);
  const rig = createRig({ vault, ids });
  render(
    <SessionProvider session={rig.session} vault={vault}>
      <App />
    </SessionProvider>,
  );
  act(() => {
    rig.session.start();
    rig.greet();
  });
  return {
    ...rig,
    say: (...events) => act(() => rig.say(...events)),
    user: userEvent.setup(),
    questionBox: () => screen.getByRole("textbox", { name: "Your question" }),
  };
}

/** Closes the page as a reload does: what is kept is in its storage. */
export function closePage(page: Page): void {
  page.session.close();
  cleanup();
}
