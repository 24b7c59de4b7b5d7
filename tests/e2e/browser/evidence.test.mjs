/** From a mark in the text to the words in the document that it stands for. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answers, askAndRead, launch, open, sourcePanel } from "./page.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const WIDE = { viewport: { width: 1440, height: 900 } };
const firstMark = (page) =>
  answers(page)
    .getByRole("button", { name: /^Source 1: / })
    .first();
const highlighted = (page) => sourcePanel(page).locator("mark");
const letters = (text) => text.replace(/[^\p{L}\p{N}]+/gu, "");

test("a mark shows its sentence when pointed at, and opens the document there", async () => {
  const { page, complaints } = await open(browser, WIDE);
  await askAndRead(page, "What notice ends the Harrow Ridge agreement?");
  await firstMark(page).hover();
  const card = page.locator(".cited-quote");
  await card.waitFor();
  const quote = letters(await card.textContent());
  assert.ok(quote.length > 10);

  await firstMark(page).click();
  await highlighted(page).first().waitFor();
  const marked = letters((await highlighted(page).allTextContents()).join(""));
  assert.ok(marked.includes(quote.slice(0, 40)), "the highlighted words are those of the card");
  await page.waitForFunction(() => {
    const box = document.querySelector("mark")?.getBoundingClientRect();
    return box !== undefined && box.top >= 0 && box.top < window.innerHeight;
  });
  const sources = answers(page).getByRole("region", { name: "Sources" });
  assert.equal(await sources.locator("[aria-current=true]").count(), 1);

  const other = sourcePanel(page)
    .getByRole("navigation", { name: "Sources of this answer" })
    .getByRole("button", { name: /^Source 2: / });
  await other.click();
  assert.equal(await other.getAttribute("aria-current"), "true");
  await page.keyboard.press("Escape");
  await sourcePanel(page).waitFor({ state: "detached" });
  assert.deepEqual(complaints, []);
});

test("the whole document is one click further", async () => {
  const { page } = await open(browser, WIDE);
  await askAndRead(page, "Which taxes does the Harrow Ridge seller pay?");
  await firstMark(page).click();
  const title = await sourcePanel(page).getByRole("heading").first().textContent();
  await sourcePanel(page).getByRole("link", { name: "Whole document" }).click();
  await page.waitForURL(/\/documents\/./);
  await page.getByRole("heading", { name: title }).waitFor();
  await page.getByRole("article", { name: "Passage 1", exact: true }).waitFor();
});

test("where there is no room beside the thread the source lies over it", async () => {
  const { page } = await open(browser, { viewport: { width: 900, height: 800 } });
  await askAndRead(page, "How is the Millbrook battery's capacity tested?");
  await firstMark(page).click();
  const panel = page.getByRole("dialog", { name: "Source" });
  await panel.getByRole("button", { name: "Close the source" }).click();
  await panel.waitFor({ state: "detached" });
});
