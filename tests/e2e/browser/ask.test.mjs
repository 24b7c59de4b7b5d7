/**
 * A person asks, on the real stack in a real browser. `python -m tests.e2e.browser` starts the stack
 * with a scripted model.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  answers,
  ask,
  askAndRead,
  BASE_URL,
  complete,
  isInView,
  LAST_WORDS,
  launch,
  midAnswer,
  open,
  questionBox,
  receipts,
  SLOWLY,
  stopButton,
  textOf,
} from "./page.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test("an answer streams, with its sources and its receipt, and nothing complains", async () => {
  const { page, complaints } = await open(browser);
  await ask(page, `How long is the Harrow Ridge PPA's term? ${SLOWLY}`);
  const early = await midAnswer(page);
  assert.equal(await stopButton(page).isVisible(), true);
  await complete(page);
  assert.ok((await textOf(page)).length > early.length, "it grew while it was watched");
  const sources = answers(page).getByRole("region", { name: "Sources" });
  assert.ok((await sources.getByRole("listitem").count()) > 0);

  await receipts(page).click();
  const receipt = page.getByRole("dialog", { name: "Receipt of this answer" });
  assert.ok(
    (await receipt.getByRole("list", { name: "Stages" }).getByRole("listitem").count()) > 1,
  );
  await page.keyboard.press("Escape");
  await receipt.waitFor({ state: "detached" });
  assert.deepEqual(complaints, []);
});

test("a starter question is asked by one click, and what follows is suggested", async () => {
  const { page } = await open(browser);
  const starter = page.getByRole("list", { name: "Questions to start with" }).getByRole("button");
  await starter.first().click();
  await complete(page);
  await page
    .getByRole("region", { name: "Follow-up questions" })
    .getByRole("button")
    .first()
    .waitFor();
});

test("the next question can be typed while an answer streams; Send is Stop meanwhile", async () => {
  const { page } = await open(browser);
  await ask(page, `What is Harrow Ridge's contract price? ${SLOWLY}`);
  await midAnswer(page);
  await questionBox(page).fill("And does it rise?");
  await page.keyboard.press("Enter");
  await page.getByText("Stop the answer, or wait for its end, to send this.").waitFor();
  await page.keyboard.press("Shift+Enter");
  assert.equal(await questionBox(page).inputValue(), "And does it rise?\n");
  assert.equal(await stopButton(page).isVisible(), true);
});

test("stop keeps what has come and nothing follows, also after a reload", async () => {
  const { page } = await open(browser);
  await ask(page, `What did a peak kilowatt-hour cost on the residential schedule? ${SLOWLY}`);
  await midAnswer(page);
  await stopButton(page).click();
  await page.getByText("You stopped this answer.").waitFor();
  const stopped = await textOf(page);
  assert.ok(!stopped.includes(LAST_WORDS) && stopped.length > 20);
  await page.reload();
  await page.getByText("You stopped this answer.").waitFor();
  assert.equal(await textOf(page), stopped);
});

test("a follow-up goes on in the same conversation; a new one starts empty", async () => {
  const { page } = await open(browser);
  await askAndRead(page, "Does signing a virtual PPA by itself lower a company's scope 2 figure?");
  const address = page.url();
  assert.match(address, /\/c\/[\w-]+$/);
  await ask(page, "And what would lower the scope 2 figure?");
  // What the scripted model makes of the follow-up is its own affair; that it ends well is ours.
  await receipts(page).nth(1).waitFor();
  assert.equal(page.url(), address);
  assert.equal(await page.locator(".notice").count(), 0);
  await page.getByRole("button", { name: "New conversation" }).click();
  await page.getByRole("heading", { name: "What do you want to know?" }).waitFor();
  assert.equal(await answers(page).count(), 0);
});

test("an answer that was kept is read from its beginning", async () => {
  const { page } = await open(browser, { viewport: { width: 900, height: 420 } });
  const question =
    "What did Calder Valley Electric pay per MWh in the first year of the Harrow Ridge deal?";
  const asked = page.locator(".question").getByText("Calder Valley");
  await ask(page, question);
  await receipts(page).waitFor();
  // What is followed while it streams is left at its end.
  assert.ok(!(await isInView(asked)));
  // It is kept a moment after its end was sent.
  const kept = page.getByText("Answered from the cache");
  for (let time = 0; time < 20 && (await kept.count()) === 0; time += 1) {
    await page.getByRole("button", { name: "New conversation" }).first().click();
    await ask(page, question);
    await receipts(page).waitFor();
  }
  await kept.waitFor();
  assert.ok(await isInView(asked));
});

test("without its settings the page says what is wrong", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.route("**/config.json", (route) => route.fulfill({ status: 503, body: "" }));
  await page.goto(BASE_URL);
  await page.getByRole("alert").getByText("503").waitFor();
  await page.getByRole("button", { name: "Try again" }).waitFor();
});
