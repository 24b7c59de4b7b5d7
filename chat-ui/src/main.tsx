/** Puts the page together: the one place that knows the browser, its storage and its socket. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiProvider } from "./api/api_context";
import { ApiClient } from "./api/client";
import { App } from "./app/App";
import { ConfigError, loadConfig } from "./app/config";
import { StartupError } from "./app/StartupError";
import "./app/styles.css";
import { browserDatabase, createArchive } from "./chat/archive";
import { createId } from "./chat/identifiers";
import { Session } from "./chat/session";
import { browserTabs } from "./chat/tabs";
import { createVault } from "./chat/vault";
import { webSocketTransport } from "./chat/websocket_transport";
import { ConversationsProvider } from "./features/conversations/context";
import { serverHistory } from "./features/conversations/server_history";
import { PreferenceStore } from "./features/settings/preferences";
import { PreferencesProvider } from "./features/settings/preferences_context";
import { SignInGate } from "./features/sign_in/SignInGate";
import { SignIn, signedFetch } from "./features/sign_in/sign_in";
import { ticketTransport } from "./features/sign_in/ticket_transport";
import { preloadMarkdown } from "./features/thread/AnswerText";
import { SessionProvider } from "./session/session_context";

/** Late enough to leave the first paint alone, early enough for the first answer. */
const PRELOAD_AFTER_MS = 400;

function browserStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

function browserSessionStorage(): Storage | null {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}

async function start(element: HTMLElement): Promise<void> {
  const root = createRoot(element);
  try {
    const { websocketUrl, apiUrl, authMode } = await loadConfig(new URL(window.location.href));
    const storage = browserStorage();
    const preferences = new PreferenceStore(storage);
    const vault = createVault(storage, createId);
    const signIn = authMode === "none" ? null : new SignIn(browserSessionStorage());
    const api = new ApiClient({
      apiUrl,
      clientId: vault.clientId(),
      ...(signIn === null ? {} : { fetch: signedFetch(signIn) }),
    });
    const archive = createArchive(browserDatabase(), Date.now);
    const tabs = browserTabs();
    const history = serverHistory(api);
    const session = new Session({
      transport:
        signIn === null
          ? webSocketTransport(websocketUrl)
          : ticketTransport(websocketUrl, webSocketTransport, () => api.createTicket()),
      vault,
      archive,
      history,
      tabs,
      chance: { now: Date.now, random: Math.random },
      createId,
    });
    window.addEventListener("pagehide", () => session.save());
    window.addEventListener("online", () => session.retryNow());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") session.retryNow();
    });
    session.start();
    signIn?.subscribe(() => session.retryNow());
    root.render(
      <StrictMode>
        <PreferencesProvider store={preferences}>
          <ApiProvider client={api}>
            <SessionProvider session={session} vault={vault}>
              <ConversationsProvider value={{ archive, tabs, history }}>
                <SignInGate signIn={signIn} authMode={authMode}>
                  <App />
                </SignInGate>
              </ConversationsProvider>
            </SessionProvider>
          </ApiProvider>
        </PreferencesProvider>
      </StrictMode>,
    );
    window.setTimeout(preloadMarkdown, PRELOAD_AFTER_MS);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    root.render(<StartupError message={error.message} />);
  }
}

const element = document.getElementById("root");
if (element !== null) void start(element);
