/**
 * A person asks, on the real stack in a real browser. `python -m tests.e2e.browser` starts the stack
 * with a scripted model that speaks slowly; BASE_URL points these tests at any other one whose
 * answers take a few seconds.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answers, ask, BASE_URL, launch, open, questionBox, receipts } from "./page.mjs";

/** The last words of every scripted answer. */
const LAST_WORDS = process.env.LAST_WORDS ?? "";
const PATIENCE = { timeout: 20_000 };

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const textOf = (page) => page.locator(".answer-text").last().textContent();
const sourcePanel = (page) => page.getByRole("complementary", { name: "Source" });
const stopButton = (page) => page.getByRole("button", { name: "Stop the answer" });

/** Waits until some words have come, and gives them. */
async function midAnswer(page) {
  await page.locator(".answer-streaming").last().waitFor(PATIENCE);
  await page.waitForFunction(
    () => [...document.querySelectorAll(".answer-text")].at(-1)?.textContent.length > 20,
  );
  return textOf(page);
}

async function complete(page, count = 1) {
  await receipts(page)
    .nth(count - 1)
    .waitFor(PATIENCE);
  assert.ok((await textOf(page)).includes(LAST_WORDS), "the answer is whole");
}

test("an answer streams, with its sources and its receipt; a citation opens its source", async () => {
  const { page, complaints } = await open(browser);
  await page.getByRole("button", { name: /Wind PPA/ }).click();
  const early = await midAnswer(page);
  assert.equal(await stopButton(page).isVisible(), true);
  await complete(page);
  assert.ok((await textOf(page)).length > early.length, "it grew while it was watched");
  const sources = answers(page).getByRole("region", { name: "Sources" });
  assert.ok((await sources.getByRole("listitem").count()) > 0);

  await answers(page)
    .getByRole("button", { name: /^Source 1: / })
    .first()
    .click();
  const source = page.getByRole("dialog", { name: "Source" }).or(sourcePanel(page));
  await source.getByRole("button", { name: "Close the source" }).waitFor();
  assert.equal(await sources.locator("[aria-current=true]").count(), 1);
  await page.keyboard.press("Escape");
  await source.waitFor({ state: "detached" });
  assert.deepEqual(complaints, []);
});

test("stop keeps what has come and nothing follows, also after a reload", async () => {
  const { page } = await open(browser);
  await ask(
    page,
    "What did a peak kilowatt-hour cost on the residential time-of-use schedule in 2024?",
  );
  await midAnswer(page);
  await stopButton(page).click();
  await page.getByText("You stopped this answer.").waitFor(PATIENCE);
  const stopped = await textOf(page);
  assert.ok(!stopped.includes(LAST_WORDS) && stopped.length > 20);
  await page.reload();
  await page.locator(".answer-text").waitFor();
  await page.waitForTimeout(1_500);
  assert.equal(await textOf(page), stopped);
});

test("a reload mid-answer resumes it, and keeps the draft of the next question", async () => {
  const { page } = await open(browser);
  await ask(page, "Which round-trip efficiency is Millbrook's owner bound to?");
  await questionBox(page).fill("and how often is it tested");
  await midAnswer(page);
  await page.reload();
  await complete(page);
  assert.equal(await questionBox(page).inputValue(), "and how often is it tested");
  assert.equal(await answers(page).count(), 1);
});

test("a socket cut mid-answer costs nothing", async () => {
  const { page, cut } = await open(browser);
  await ask(page, "How cold does gas have to be to turn into LNG?");
  await midAnswer(page);
  await cut();
  await complete(page);
  assert.equal(await page.locator(".notice").count(), 0);
});

test("a follow-up goes on in the same conversation; a new one starts empty", async () => {
  const { page } = await open(browser);
  await ask(page, "Does signing a virtual PPA by itself lower a company's scope 2 figure?");
  await complete(page);
  await ask(page, "And what would lower the scope 2 figure?");
  // What the scripted model makes of the follow-up is its own affair; that it ends well is ours.
  await receipts(page).nth(1).waitFor(PATIENCE);
  assert.equal(await page.locator(".notice").count(), 0);
  await page.getByRole("button", { name: "New conversation" }).click();
  await page.getByRole("heading", { name: "What do you want to know?" }).waitFor();
  assert.equal(await answers(page).count(), 0);
});

test("on a phone nothing is wider than the screen and everything can be reached by touch", async () => {
  const { page } = await open(browser, {
    viewport: { width: 360, height: 740 },
    isMobile: true,
    hasTouch: true,
  });
  await questionBox(page).fill("In what range of concentrations does hydrogen burn in air?");
  await page.getByRole("button", { name: "Send the question" }).tap();
  await complete(page);
  await answers(page)
    .getByRole("button", { name: /^Source 1: / })
    .first()
    .tap();
  await page.getByRole("dialog", { name: "Source" }).waitFor();
  const wider = await page.evaluate(
    () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
  );
  assert.equal(wider, false);
});

test("without a mouse: a starter is asked, and the answer stopped, by keyboard alone", async () => {
  const { page } = await open(browser);
  await page.getByRole("button", { name: /Tariffs/ }).focus();
  await page.keyboard.press("Enter");
  await questionBox(page).focus();
  await stopButton(page).waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("You stopped this answer.").waitFor(PATIENCE);
});

test("without its settings the page says what is wrong", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.route("**/config.json", (route) => route.fulfill({ status: 503, body: "" }));
  await page.goto(BASE_URL);
  await page.getByRole("alert").getByText("503").waitFor();
  await page.getByRole("button", { name: "Try again" }).waitFor();
});

test("a long conversation scrolls inside the page, never the page itself", async () => {
  const { page } = await open(browser, { viewport: { width: 1000, height: 500 } });
  const questions = ["How long is the Harrow Ridge PPA's term?", "What is its contract price?"];
  for (const [count, question] of questions.entries()) {
    await ask(page, question);
    await receipts(page).nth(count).waitFor(PATIENCE);
  }
  const overflow = await page.evaluate(
    () => document.documentElement.scrollHeight - window.innerHeight,
  );
  assert.equal(overflow, 0);
});
