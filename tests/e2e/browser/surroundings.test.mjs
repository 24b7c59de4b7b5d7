/** Dark, small, without a mouse; and the pages beside the chat. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  answers,
  ask,
  askAndRead,
  complete,
  launch,
  midAnswer,
  open,
  PHONE,
  questionBox,
  read,
  receipts,
  SLOWLY,
  sourcePanel,
  stopButton,
} from "./page.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const isDark = (page) => brightness(page, 0, 60);
const isLight = (page) => brightness(page, 200, 255);
/** Waits for a brightness from 0, black, to 255, white. */
const brightness = (page, least, most) =>
  page.waitForFunction(
    ([least, most]) => {
      const canvas = document.createElement("canvas").getContext("2d");
      canvas.fillStyle = getComputedStyle(document.documentElement).backgroundColor;
      canvas.fillRect(0, 0, 1, 1);
      const brightest = Math.max(...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3));
      return least <= brightest && brightest <= most;
    },
    [least, most],
  );
const isWiderThanScreen = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

test("dark where the system is dark, and where a person chooses it", async () => {
  const system = await open(browser, { colorScheme: "dark" });
  await questionBox(system.page).waitFor();
  await isDark(system.page);

  const { page } = await open(browser, { colorScheme: "light" });
  await page.getByRole("button", { name: "Settings" }).click();
  await isLight(page);
  await page.getByRole("radio", { name: "Dark" }).click();
  await isDark(page);
  await page.reload();
  await questionBox(page).waitFor();
  await isDark(page);
});

test("on a phone nothing is wider than the screen and everything can be reached by touch", async () => {
  const { page } = await open(browser, { ...PHONE, viewport: { width: 360, height: 740 } });
  await questionBox(page).fill("How is hydrogen stored?");
  await page.getByRole("button", { name: "Send the question" }).tap();
  await complete(page);
  assert.equal(await isWiderThanScreen(page), false);
  await answers(page)
    .getByRole("button", { name: /^Source 1: / })
    .first()
    .tap();
  await page.getByRole("dialog", { name: "Source" }).waitFor();
  assert.equal(await isWiderThanScreen(page), false);
  await page.getByRole("button", { name: "Close the source" }).tap();
  for (const name of ["Documents", "Insights"]) {
    await page.getByRole("button", { name: "Show the sidebar" }).tap();
    await page.getByRole("dialog", { name: "Menu" }).getByRole("link", { name }).tap();
    await page.getByRole("heading", { name, level: 1 }).waitFor();
    await page.getByRole("dialog", { name: "Menu" }).waitFor({ state: "detached" });
    assert.equal(await isWiderThanScreen(page), false, name);
  }
});

test("a long conversation scrolls inside the page, never the page itself", async () => {
  const { page } = await open(browser, { viewport: { width: 1000, height: 500 } });
  for (const [count, question] of ["What is a swap?", "What is a collar?"].entries()) {
    await ask(page, question);
    await receipts(page).nth(count).waitFor();
  }
  const overflow = await page.evaluate(
    () => document.documentElement.scrollHeight - window.innerHeight,
  );
  assert.equal(overflow, 0);
});

test("without a mouse: ask, stop, open a source, come back, see the shortcuts", async () => {
  const { page } = await open(browser, { viewport: { width: 1440, height: 900 } });
  await questionBox(page).waitFor();
  await page.keyboard.type(
    `By when must bids for tomorrow be in at the Tessaly Power Pool? ${SLOWLY}`,
  );
  await page.keyboard.press("Enter");
  await midAnswer(page);
  await page.keyboard.press("Escape");
  await page.getByText("You stopped this answer.").waitFor();
  assert.equal(await stopButton(page).count(), 0);
  await page.keyboard.type(
    "What reserve margin must load-serving entities show for the 2025 delivery year?",
  );
  await page.keyboard.press("Enter");
  await receipts(page).nth(1).waitFor();

  const mark = await tabTo(page, /^Source 1: /, "Shift+Tab");
  await page.keyboard.press("Enter");
  await sourcePanel(page).waitFor();
  await page.keyboard.press("Escape");
  await sourcePanel(page).waitFor({ state: "detached" });
  assert.equal(await focused(page), mark, "the focus is back where it was");

  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await sheet.getByText("Search conversations").waitFor();
  await page.keyboard.press("Escape");
  await sheet.waitFor({ state: "detached" });
});

test("the first key leads past the sidebar to the content", async () => {
  const { page } = await open(browser, { path: "/documents" });
  await page.getByRole("heading", { name: "Documents" }).waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "Skip to the content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
});

test("the insights are what the receipts say", async () => {
  const { page, complaints } = await open(browser);
  await askAndRead(page, "What is the nominal voltage of an LFP cell?");
  await page.getByRole("button", { name: "New conversation" }).click();
  await ask(page, `How long does the Harrow Ridge PPA run? ${SLOWLY}`);
  await midAnswer(page);
  await stopButton(page).click();
  await page.getByText("You stopped this answer.").waitFor();
  await page.getByRole("link", { name: "Insights" }).click();
  const figure = (label) =>
    page
      .locator("dl > div")
      .filter({ has: page.getByText(label, { exact: true }) })
      .locator("dd");
  await figure("Questions").first().waitFor();
  assert.equal(await figure("Questions").first().textContent(), "2");
  assert.equal(await figure("Questions").last().textContent(), "50% answered to the end");
  assert.equal(await figure("Failed").last().textContent(), "1 more stopped by the asker");
  const { totals } = await read(page, "/insights?days=30");
  assert.ok(totals.completion_tokens > 0 && totals.first_token_ms.p50 > 0);

  const ends = page.getByRole("region", { name: "Without a good end" });
  await ends.getByText("Stopped").waitFor();
  await page.locator(".recharts-surface").first().waitFor();
  await page.getByRole("button", { name: "Show as a table" }).first().click();
  await page.getByRole("table").first().waitFor();
  await page.getByRole("radio", { name: "7 days" }).click();
  await page.waitForURL(/days=7/);
  await ends.getByRole("link", { name: /Harrow Ridge/ }).click();
  await page.getByText("You stopped this answer.").waitFor();
  assert.deepEqual(complaints, []);
});

test("insights before the first question lead to one", async () => {
  const { page } = await open(browser, { path: "/insights" });
  await page.getByRole("heading", { name: "No questions in this time" }).waitFor();
  await page.getByRole("link", { name: "Ask a question" }).click();
  await questionBox(page).waitFor();
});

test("a document is found, and read passage by passage", async () => {
  const { page, complaints } = await open(browser, { path: "/documents" });
  await page.getByRole("searchbox", { name: "Find documents" }).fill("millbrook");
  const found = page.getByRole("main").getByRole("link", { name: /Millbrook/ });
  await found.first().waitFor();
  await page.waitForURL(/q=millbrook/);
  const everything = await read(page, "/documents?limit=100");
  assert.ok(everything.corpus_version.length > 8);
  await page.getByText(everything.corpus_version.slice(0, 12)).waitFor();

  await found.first().click();
  const first = page.getByRole("article", { name: "Passage 1", exact: true });
  assert.ok((await first.textContent()).length > 100);
  const sections = page.getByRole("navigation", { name: "Sections" }).getByRole("button");
  await sections.last().click();
  await page.goto(`${page.url().split("?")[0]}?passage=1`);
  await page.getByRole("article", { name: "Passage 2", exact: true }).waitFor();
  assert.equal(await page.locator("article[aria-current=true]").count(), 1);
  await page.getByRole("link", { name: "All documents" }).click();
  await page.getByRole("searchbox", { name: "Find documents" }).fill("no such document");
  await page
    .getByText(/No document/)
    .first()
    .waitFor();
  assert.deepEqual(complaints, []);
});

test("an address of nothing says so", async () => {
  const { page } = await open(browser, { path: "/nowhere" });
  await page.getByRole("heading", { name: "There is nothing at this address" }).waitFor();
  const other = await open(browser, { path: "/documents/none.md" });
  await other.page.getByRole("heading", { name: "There is no such document" }).waitFor();
});

const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    return element?.getAttribute("aria-label") ?? element?.textContent ?? "";
  });

/** Presses `key` until what is focused has such a name, and gives the name. */
async function tabTo(page, name, key = "Tab") {
  for (let presses = 0; presses < 80; presses += 1) {
    await page.keyboard.press(key);
    const reached = await focused(page);
    if (name.test(reached)) return reached;
  }
  return assert.fail(`${key} does not reach ${name}`);
}
