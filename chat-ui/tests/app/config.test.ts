import { expect, it } from "vitest";
import { ConfigError, loadConfig, parseConfig } from "../../src/app/config";

const page = new URL("https://copilot.example/chat?x=1");
const answering =
  (body: string, status = 200) =>
  async () =>
    new Response(body, { status });

it.each([
  ["wss://socket.example/prod", "wss://socket.example/prod"],
  ["/ws", "wss://copilot.example/ws"],
  ["https://socket.example/prod", "wss://socket.example/prod"],
])("%s becomes %s", (given, url) => {
  expect(parseConfig({ websocketUrl: given }, page)).toMatchObject({ websocketUrl: url });
});

it.each([
  ["/api", "https://copilot.example/api"],
  ["https://api.example/prod/", "https://api.example/prod"],
  ["", "https://copilot.example/api"],
])("the HTTP API at %j is %s", (apiUrl, url) => {
  expect(parseConfig({ websocketUrl: "/ws", apiUrl }, page).apiUrl).toBe(url);
});

it.each([
  null,
  {},
  [],
  { websocketUrl: 3 },
  { websocketUrl: "ftp://x" },
  { websocketUrl: "http://" },
])("%j is refused in words", (value) => {
  expect(() => parseConfig(value, page)).toThrow(ConfigError);
});

it("a server that fails, answers nonsense or is away gives a ConfigError", async () => {
  const away = async () => {
    throw new TypeError("fetch failed");
  };
  for (const read of [answering("no", 503), answering("<html>"), away]) {
    await expect(loadConfig(page, read)).rejects.toBeInstanceOf(ConfigError);
  }
});
