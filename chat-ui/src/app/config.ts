/** What the page reads from its server at start, so that one build serves every environment. */

export interface Config {
  /** Absolute `ws:` or `wss:` address. */
  readonly websocketUrl: string;
  /** Absolute `http:` or `https:` address, without a slash at its end. */
  readonly apiUrl: string;
  readonly authMode: AuthMode;
}

/** How people prove who they are. */
export type AuthMode = "none" | "api-key" | "cognito";

/** The configuration could not be had; the message is for the person at the page. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

const PATIENCE_MS = 10_000;

/** Reads `/config.json`. Throws `ConfigError` with what is wrong with it. */
export async function loadConfig(page: URL, read: typeof fetch = fetch): Promise<Config> {
  const address = new URL("/config.json", page);
  let response: Response;
  try {
    response = await read(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new ConfigError("The server did not answer. Check that it is running and reachable.");
  }
  if (!response.ok) {
    throw new ConfigError(`The server answered ${response.status} instead of its settings.`);
  }
  const value: unknown = await response.json().catch(() => null);
  return parseConfig(value, page);
}

/** `websocketUrl` may be absolute (`wss://...`) or a path on the page's own server. */
export function parseConfig(value: unknown, page: URL): Config {
  const given = setting(value, "websocketUrl");
  if (given === undefined || !URL.canParse(given, page)) {
    throw new ConfigError("The server's settings do not name a WebSocket address.");
  }
  const url = new URL(given, page);
  if (url.protocol === "http:") url.protocol = "ws:";
  if (url.protocol === "https:") url.protocol = "wss:";
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw new ConfigError(`The server's settings name an address that is no WebSocket: ${given}`);
  }
  const api = new URL(setting(value, "apiUrl") || "/api", page).href.replace(/\/$/, "");
  return { websocketUrl: url.href, apiUrl: api, authMode: authMode(setting(value, "authMode")) };
}

/** A server that asks for what this page does not know is not one to talk to without it. */
function authMode(given = "none"): AuthMode {
  if (given === "none" || given === "api-key" || given === "cognito") return given;
  throw new ConfigError(`This page cannot sign in the way the server asks for: ${given}`);
}

function setting(settings: unknown, name: string): string | undefined {
  const value: unknown =
    typeof settings === "object" && settings !== null
      ? Object.entries(settings).find(([key]) => key === name)?.[1]
      : undefined;
  return typeof value === "string" ? value : undefined;
}
