/** A headless Chromium at the page, for the browser tests and the screenshots. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";

const fromChatUi = createRequire(new URL("../../../chat-ui/package.json", import.meta.url));
const { chromium } = fromChatUi("playwright-core");

const USUAL_PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/** For machines that do something else as well; what comes at once is not waited for. */
const PATIENCE_MS = 60_000;

/** The address of a running page, for example http://localhost:3000. */
export const BASE_URL = process.env.BASE_URL ?? "http://localhost:3000";
/** The last words of every answer of the scripted model. */
export const LAST_WORDS = process.env.LAST_WORDS ?? "";
/** What a question holds for the scripted model to take some seconds over it. */
export const SLOWLY = "Explain it slowly.";

export const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};

/** Starts the browser; CHROMIUM names one at another place. */
export async function launch() {
  const executablePath = process.env.CHROMIUM ?? USUAL_PLACES.find(existsSync);
  if (executablePath === undefined || !existsSync(executablePath)) {
    throw new Error(
      "No Chromium found. On Debian or Ubuntu: apt-get install chromium. Elsewhere set CHROMIUM to the path of a Chromium or Chrome.",
    );
  }
  // Chromium's own sandbox does not start for root, as which containers and CI often run.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath, args });
}

/**
 * Opens the page in a fresh profile. Complaints of the browser are collected in `complaints`.
 * `path` is where it opens; the other options are a browser context's.
 */
export async function open(browser, { path = "/", prepare, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  let sockets = [];
  let reachable = true;
  await page.routeWebSocket(/\/ws$/, (socket) => {
    if (!reachable) return void socket.close({ code: 3000, reason: "unreachable in this test" });
    socket.connectToServer();
    sockets.push(socket);
  });
  await prepare?.(page);
  await page.goto(BASE_URL + path);
  const cut = async () => {
    const open = sockets;
    sockets = [];
    await Promise.all(open.map((socket) => socket.close({ code: 3000, reason: "cut" })));
  };
  return {
    context,
    page,
    complaints,
    /** Cuts every open socket. */
    cut,
    /** Lets the page's files be loaded, and nothing of the server behind it be reached. */
    async isolate() {
      reachable = false;
      await page.route("**/api/**", (route) => route.abort("connectionrefused"));
      await cut();
    },
  };
}

export const questionBox = (page) => page.getByRole("textbox", { name: "Your question" });
export const answers = (page) => page.getByRole("article", { name: "Answer" });
export const receipts = (page) => page.getByRole("button", { name: "Receipt" });
export const stopButton = (page) => page.getByRole("button", { name: "Stop the answer" });
/** The last answer's words, once its Markdown is rendered. */
export const textOf = (page) =>
  page.locator(".answer-text:not(.whitespace-pre-wrap)").last().textContent();
/** Beside the thread on a wide screen, else over it. */
export const sourcePanel = (page) =>
  page
    .getByRole("complementary", { name: "Source" })
    .or(page.getByRole("dialog", { name: "Source" }));
export const conversationList = (page) => page.getByRole("navigation", { name: "Conversations" });

export async function ask(page, question) {
  await questionBox(page).fill(question);
  await page.getByRole("button", { name: "Send the question" }).click();
}

/** Waits until some words of a running answer have come, and gives them. */
export async function midAnswer(page) {
  await page.waitForFunction(
    () => [...document.querySelectorAll(".answer-streaming")].at(-1)?.textContent.length > 20,
  );
  return textOf(page);
}

/** Waits until the page shows `count` answers that have ended, the last of them whole. */
export async function complete(page, count = 1) {
  await receipts(page)
    .nth(count - 1)
    .waitFor();
  assert.ok((await textOf(page)).includes(LAST_WORDS), "the answer is whole");
}

/** Asks, and waits for the whole answer. */
export async function askAndRead(page, question, count = 1) {
  await ask(page, question);
  await complete(page, count);
}

/** Opens one of the actions of the conversation whose title holds `words`. */
export async function chooseAction(page, words, action) {
  await conversationList(page)
    .getByRole("listitem")
    .filter({ hasText: words })
    .getByRole("button", { name: /^Actions for/ })
    .click();
  await page.getByRole("menuitem", { name: action }).click();
}

/** What the HTTP API gives to the person of this page. */
export function read(page, path) {
  return page.evaluate(async (where) => {
    const client = localStorage.getItem("energycopilot.client.v1") ?? "";
    const response = await fetch(`/api${where}`, { headers: { "x-client-id": client } });
    return response.json();
  }, path);
}

/** The id of the conversation that the address names. */
/** Whether a person sees it without scrolling. */
export async function isInView(locator) {
  const [box, view] = await Promise.all([
    locator.boundingBox(),
    locator.page().getByRole("region", { name: "Conversation", exact: true }).boundingBox(),
  ]);
  return box !== null && view !== null && box.y >= view.y && box.y < view.y + view.height;
}

export const shownConversation = (page) => new URL(page.url()).pathname.replace("/c/", "");
