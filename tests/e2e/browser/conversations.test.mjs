/** What a person does with questions, answers and conversations after the answer is there. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import {
  answers,
  ask,
  askAndRead,
  chooseAction,
  complete,
  conversationList,
  isInView,
  LAST_WORDS,
  launch,
  open,
  read,
  receipts,
  shownConversation,
  stopButton,
  textOf,
} from "./page.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const versions = (page) => page.getByRole("group", { name: "Versions" });

test("an edited question is a branch beside the first wording, also after a reload", async () => {
  const { page } = await open(browser);
  await askAndRead(page, "What is the escalation at Harrow Ridge?");
  await page.getByRole("button", { name: "Edit the question" }).click();
  const box = page.getByRole("form", { name: "Edit the question" }).getByRole("textbox");
  await box.fill("What is the yearly escalation of the Harrow Ridge price?");
  await box.press("Enter");
  await versions(page).getByText("2 of 2").waitFor();
  await complete(page);
  await page.getByRole("button", { name: "Previous version" }).click();
  await page.locator(".question").getByText("What is the escalation at Harrow Ridge?").waitFor();
  await versions(page).getByText("1 of 2").waitFor();
  await page.reload();
  await versions(page).waitFor();
  const stored = await read(page, `/conversations/${shownConversation(page)}`);
  assert.deepEqual(
    stored.turns.map(({ parent, state }) => [parent, state]),
    [
      ["root", "done"],
      ["root", "done"],
    ],
  );
});

test("an answer given again stands beside the first one", async () => {
  const { page } = await open(browser);
  await askAndRead(page, "What are ancillary services?");
  await page.getByRole("button", { name: "Answer again" }).click();
  await versions(page).getByText("2 of 2").waitFor();
  await complete(page);
  await page.getByRole("button", { name: "Previous version" }).click();
  await versions(page).getByText("1 of 2").waitFor();
  await complete(page);
});

test("a thumb down with its reason is stored with the answer, and can be withdrawn", async () => {
  const { page } = await open(browser);
  await askAndRead(page, "What is demand response?");
  const bad = page.getByRole("button", { name: "Bad answer" });
  await bad.click();
  const form = page.getByRole("dialog", { name: "What was wrong with the answer?" });
  await form.getByRole("radio", { name: "The sources do not say so" }).check();
  await form.getByRole("textbox").fill("It names another programme.");
  await form.getByRole("button", { name: "Send" }).click();
  await form.waitFor({ state: "detached" });
  const where = `/conversations/${shownConversation(page)}`;
  const given = { rating: "down", reason: "citation", comment: "It names another programme." };
  await until(async () => (await read(page, where)).turns[0].feedback?.reason === "citation");
  const { rating, reason, comment } = (await read(page, where)).turns[0].feedback;
  assert.deepEqual({ rating, reason, comment }, given);

  await page.reload();
  await page.locator("[aria-pressed=true]").and(bad).waitFor();
  await bad.click();
  await until(async () => (await read(page, where)).turns[0].feedback === null);
});

test("a word of an answer or a question finds its conversation", async () => {
  const { page } = await open(browser);
  await askAndRead(page, "What is a heat pump's coefficient of performance?");
  await page.getByRole("button", { name: "New conversation" }).click();
  await askAndRead(page, "What does interruptible gas transport mean?");
  await page.keyboard.press("ControlOrMeta+k");
  await page.keyboard.type("coefficient");
  const hits = conversationList(page).getByRole("region", { name: "Search results" });
  await hits
    .getByRole("link", { name: /heat pump/ })
    .first()
    .click();
  await page.locator(".question").getByText("heat pump").waitFor();
  await page
    .getByRole("searchbox", { name: "Search conversations" })
    .fill("no such words anywhere");
  await hits.getByText("Nothing found").waitFor();
});

test("what a search found is gone to, however far up it is", async () => {
  const { page } = await open(browser, { viewport: { width: 1280, height: 600 } });
  await askAndRead(page, "What is a heat pump's coefficient of performance?");
  const asked = page.locator(".question").getByText("coefficient of performance");
  for (const number of ["first", "second", "third", "fourth"]) {
    await ask(page, `What does interruptible gas transport mean, for the ${number} time?`);
    await page.locator(".question").getByText(`${number} time`).waitFor();
    await stopButton(page).waitFor({ state: "hidden" });
  }
  await until(async () => (await asked.count()) === 0 || !(await isInView(asked)));
  await page.getByRole("searchbox", { name: "Search conversations" }).fill("coefficient");
  const hits = conversationList(page).getByRole("region", { name: "Search results" });
  await hits
    .getByRole("link", { name: /coefficient/ })
    .last()
    .click();
  await until(() => isInView(asked));
});

test("a conversation is renamed and pinned, and stays so", async () => {
  const { page } = await open(browser);
  await askAndRead(page, "What is a contract for difference?");
  await chooseAction(page, "contract for difference", "Rename");
  const field = page.getByRole("textbox", { name: /^New title/ });
  await field.fill("Contracts that level prices");
  await field.press("Enter");
  const row = conversationList(page).getByRole("link", { name: "Contracts that level prices" });
  await row.waitFor();
  await chooseAction(page, "Contracts that level prices", "Pin");
  await conversationList(page).getByRole("heading", { name: "Pinned" }).waitFor();
  const list = conversationList(page);
  const id = shownConversation(page);
  await until(async () => (await read(page, `/conversations/${id}`)).pinned);
  await page.reload();
  await list.getByRole("region", { name: "Pinned" }).and(list.locator("section")).waitFor();
  await row.waitFor();
});

test("a deleted conversation is gone, and back by Undo", async () => {
  const { page } = await open(browser);
  await askAndRead(page, "How loud was turbine T03 when it was measured?");
  await chooseAction(page, "turbine T03", "Delete");
  const row = conversationList(page).getByRole("link", { name: /turbine T03/ });
  await row.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Undo" }).click();
  await row.waitFor();
  await row.click();
  await complete(page);
});

test("a conversation is exported as Markdown and as JSON", async () => {
  const { page } = await open(browser);
  const question = "Which losses does a long transmission line have?";
  await askAndRead(page, question);
  const saved = [];
  for (const action of ["Export as Markdown", "Export as JSON"]) {
    const download = page.waitForEvent("download");
    await chooseAction(page, "transmission line", action);
    const file = await download;
    saved.push([file.suggestedFilename(), await readFile(await file.path(), "utf8")]);
  }
  assert.match(saved[0][0], /\.md$/);
  assert.ok(saved[0][1].includes(question) && saved[0][1].includes(LAST_WORDS));
  assert.match(saved[0][1], /^\[\^1-1\]: /m, "the sources are footnotes");
  assert.match(saved[1][0], /\.json$/);
  assert.ok(saved[1][1].includes(LAST_WORDS) && JSON.parse(saved[1][1]) !== null);
});

test("an address leads to its conversation; to others it does not exist", async () => {
  const { context, page } = await open(browser);
  await askAndRead(page, "What is reactive power?");
  const text = await textOf(page);
  const path = new URL(page.url()).pathname;
  const again = await context.newPage();
  await again.goto(page.url());
  await receipts(again).waitFor();
  assert.equal(await textOf(again), text);

  const stranger = await open(browser, { path });
  await stranger.page.getByRole("alert").getByText("This conversation does not exist").waitFor();
  await stranger.page.getByRole("link", { name: "Start a new conversation" }).click();
  await askAndRead(stranger.page, "What is apparent power?");
});

test("a person's data is deleted, on the server and in the browser", async () => {
  const { page } = await open(browser);
  await askAndRead(page, "How many solar panels did the June 2024 hailstorm break?");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Delete my data" }).click();
  const before = await read(page, "/conversations");
  assert.equal(before.items.length, 1);
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete everything" }).click();
  await page.getByText("Your conversations will be listed here.").waitFor();
  await page.getByRole("heading", { name: "What do you want to know?" }).waitFor();
  assert.equal(await answers(page).count(), 0);
  await page.reload();
  await page.getByText("Your conversations will be listed here.").waitFor();
});

/** Waits until `holds` does; what is waited for is the server's, so that the page shows no sign. */
async function until(holds) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.fail("it did not come to hold");
}
