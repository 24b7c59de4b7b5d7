/** The whole page over the in-process transport, for tests that look at it as a person does. */
import { act, cleanup, configure, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { ApiProvider } from "../../src/api/api_context";
import { App } from "../../src/app/App";
import type { Archive } from "../../src/chat/archive";
import { createVault } from "../../src/chat/vault";
import { ConversationsProvider } from "../../src/features/conversations/context";
import { serverHistory } from "../../src/features/conversations/server_history";
import { PreferenceStore } from "../../src/features/settings/preferences";
import { PreferencesProvider } from "../../src/features/settings/preferences_context";
import { SessionProvider } from "../../src/session/session_context";
import { createRig, memoryStorage, type Rig } from "../builders";
import { type ConversationServer, conversationServer } from "../conversation_server";
import { memoryArchive } from "../memory_archive";
import { memoryTabs } from "../memory_tabs";
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

/** What outlives a page: what its browser keeps, and its server. */
export interface Kept {
  readonly storage: Storage;
  readonly archive: Archive;
  readonly server: ConversationServer;
}

/** `names` are the conversations that the server has. */
export function freshBrowser(...names: readonly string[]): Kept {
  window.history.replaceState(null, "", "/");
  return {
    storage: memoryStorage(),
    archive: memoryArchive(),
    server: conversationServer(...names),
  };
}

/** Opens the page at the browser's address; in a fresh browser that is the start page. */
export function openPage(
  kept: Kept = freshBrowser(),
  ids: readonly string[] = [],
  api: ScriptedApi = scriptedApi(kept.server.routes),
): Page {
  let made = 0;
  const vault = createVault(kept.storage, () => `client-${++made}`);
  const { archive } = kept;
  const tabs = memoryTabs()();
  const history = serverHistory(api.client);
  const rig = createRig({ vault, archive, tabs, ids, history });
  render(
    <PreferencesProvider store={new PreferenceStore(kept.storage)}>
      <ApiProvider client={api.client} retries={0}>
        <SessionProvider session={rig.session} vault={vault}>
          <ConversationsProvider value={{ archive, tabs, history }}>
            <App />
          </ConversationsProvider>
        </SessionProvider>
      </ApiProvider>
    </PreferencesProvider>,
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
