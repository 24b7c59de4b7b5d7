/** A headless Chromium at the page, for the browser tests and the screenshots. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";

const fromChatUi = createRequire(new URL("../../../chat-ui/package.json", import.meta.url));
const { chromium } = fromChatUi("playwright-core");

const USUAL_PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The address of a running page, for example http://localhost:3000. */
export const BASE_URL = process.env.BASE_URL ?? "http://localhost:3000";

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

/** Opens the page in a fresh profile. Complaints of the browser are collected in `complaints`. */
export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  let cutters = [];
  await page.routeWebSocket(/\/ws$/, (socket) => {
    socket.connectToServer();
    cutters.push(() => socket.close({ code: 3000, reason: "cut by the test" }));
  });
  await page.goto(BASE_URL);
  await questionBox(page).waitFor();
  return {
    page,
    complaints,
    /** Cuts every open socket. */
    async cut() {
      const open = cutters;
      cutters = [];
      await Promise.all(open.map((close) => close()));
    },
  };
}

export const questionBox = (page) => page.getByRole("textbox", { name: "Your question" });
export const answers = (page) => page.getByRole("article", { name: "Answer" });
export const receipts = (page) => page.getByRole("button", { name: "Receipt" });

export async function ask(page, question) {
  await questionBox(page).fill(question);
  await page.getByRole("button", { name: "Send the question" }).click();
}
