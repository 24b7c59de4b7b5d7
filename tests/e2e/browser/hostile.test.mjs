/** Answers that no model should give: the page shows them, and nothing of them acts. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answers, ask, askAndRead, launch, open, receipts, textOf } from "./page.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test("markup, scripts, images and addresses in an answer stay text", async () => {
  const { page, complaints } = await open(browser);
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await askAndRead(page, "What is a power purchase agreement? Answer in hostile markup.");
  assert.equal(await page.evaluate(() => window.taken), undefined);
  const active = "script, img, iframe, style, svg:not([aria-hidden]), form, input, object";
  assert.equal(await answers(page).locator(".answer-text").locator(active).count(), 0);
  assert.ok((await textOf(page)).includes("<script>"), "tags are shown as the text they are");
  assert.deepEqual(
    asked.filter((url) => url.includes("example")),
    [],
  );
  assert.equal(await answers(page).locator(".answer-text a").count(), 0);
  assert.deepEqual(complaints, []);
});

test("a table of 200 columns scrolls in itself", async () => {
  const { page, complaints } = await open(browser);
  await askAndRead(page, "What did power cost in each hour? Answer as a wide table.");
  const table = answers(page).getByRole("table");
  assert.equal(await table.getByRole("columnheader").count(), 200);
  const sizes = await page.evaluate(() => ({
    page: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    thread: (() => {
      const thread = document.querySelector(".viewport");
      return thread.scrollWidth - thread.clientWidth;
    })(),
    table: document.querySelector(".answer-text table").scrollWidth,
  }));
  assert.equal(sizes.page, 0);
  assert.equal(sizes.thread, 0);
  assert.ok(sizes.table > 1_280);
  await table.getByRole("columnheader").last().scrollIntoViewIfNeeded();
  assert.deepEqual(complaints, []);
});

test("an answer of 100 kB is shown to its end, and the page stays usable", async () => {
  const { page, complaints } = await open(browser);
  await ask(
    page,
    "How efficient was the Millbrook battery in practice in 2024? Answer at great length.",
  );
  await receipts(page).waitFor({ timeout: 120_000 });
  assert.ok((await textOf(page)).length > 90_000);
  await page.getByRole("button", { name: "New conversation" }).click();
  await askAndRead(page, "When does the tolling deal for the Millbrook battery end?");
  assert.deepEqual(complaints, []);
});
