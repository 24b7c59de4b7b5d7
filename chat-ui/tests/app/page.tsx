/** The whole page over the in-process transport, for tests that look at it as a person does. */
import { act, cleanup, configure, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { ApiProvider } from "../../src/api/api_context";
import { App } from "../../src/app/App";
import type { Archive } from "../../src/chat/archive";
import { createVault } from "../../src/chat/vault";
import { SessionProvider } from "../../src/session/session_context";
import { createRig, memoryStorage, type Rig } from "../builders";
import { memoryArchive } from "../memory_archive";
import { type ScriptedApi, scriptedApi } from "../scripted_api";

/** The Markdown renderer is loaded when it is first needed, which on a busy machine takes its time. */
configure({ asyncUtilTimeout: 15_000 });

/** Without layout every element would be nowhere, and a virtual list would show none of its rows. */
for (const side of ["offsetHeight", "clientHeight", "clientWidth"]) {
  Object.defineProperty(HTMLElement.prototype, side, { configurable: true, get: () => 600 });
}

export interface Page extends Rig {
  readonly user: ReturnType<typeof userEvent.setup>;
  readonly questionBox: () => HTMLElement;
}

/** What a browser keeps beyond the life of a page. */
export interface Kept {
  readonly storage: Storage;
  readonly archive: Archive;
}

export function freshBrowser(): Kept {
  window.history.replaceState(null, "", "/");
  return { storage: memoryStorage(), archive: memoryArchive() };
}

/** Opens the page at the browser's address; in a fresh browser that is the start page. */
export function openPage(
  kept: Kept = freshBrowser(),
  ids: readonly string[] = [],
  api: ScriptedApi = scriptedApi(),
): Page {
  let made = 0;
  const vault = createVault(kept.storage, () => `client-${++made}`);
  const rig = createRig({ vault, archive: kept.archive, ids });
  render(
    <ApiProvider client={api.client} retries={0}>
      <SessionProvider session={rig.session} vault={vault}>
        <App />
      </SessionProvider>
    </ApiProvider>,
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
