// @vitest-environment happy-dom
import { cleanup, screen, waitFor, within } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { STARTERS } from "../../src/features/thread/starters";
import type { Receipt } from "../../src/protocol/wire";
import { endOf, source } from "../builders";
import { closePage, freshBrowser, openPage, type Page } from "./page";

afterEach(cleanup);

const TEXT = "The price rises by **1.5 percent** a year [1]. Nothing else changes [7].";
const receipt: Receipt = {
  model: "openai:gpt-5-mini",
  corpus_version: "c1",
  cache: { decision: "miss" },
  stages: [],
  tokens: { prompt: 1412, completion: 74 },
  total_ms: 1203.5,
};
const sources = [
  source("1", {
    title: "Harrow Ridge PPA",
    section: "4. Contract price",
    page: 3,
    url: "https://docs.example.com/ppa",
  }),
  source("2", { title: "Tariff book" }),
];

const accepted = (client_msg_id: string, answer_id = "a1") => ({
  type: "accepted",
  client_msg_id,
  answer_id,
  conversation_id: "c1",
});

async function ask(page: Page, question: string): Promise<void> {
  await page.user.type(page.questionBox(), `${question}{Enter}`);
}

/** Asks and answers completely. */
async function answered(page: Page, end: Parameters<typeof endOf>[2] = {}): Promise<void> {
  await ask(page, "How fast?");
  page.say(
    accepted("m1"),
    { type: "start", answer_id: "a1", epoch: 1, cache: "miss" },
    { type: "sources", answer_id: "a1", epoch: 1, seq: 1, items: sources },
    { type: "delta", answer_id: "a1", epoch: 1, seq: 2, text: TEXT },
    endOf("a1", TEXT, { last_seq: 2, receipt, ...end }),
  );
  await screen.findByRole("button", { name: /^Source 1/ });
}

it("the empty page offers questions, and asks the one that is chosen", async () => {
  const page = openPage();
  const starter = screen.getByRole("button", { name: /Wind PPA/ });
  await page.user.click(starter);
  expect(page.sent().at(-1)).toMatchObject({
    action: "message",
    text: STARTERS[0].question,
  });
  expect(screen.queryByRole("button", { name: /Wind PPA/ })).toBeNull();
});

it("says what is happening until the first word", async () => {
  const page = openPage(freshBrowser(), ["m1"]);
  await ask(page, "How fast?");
  const answer = screen.getByRole("article", { name: "Answer" });
  expect(answer.textContent).toContain("Sending");
  page.say(accepted("m1"));
  for (const [stage, words] of [
    ["queued", "Waiting in line"],
    ["waking", "Starting up"],
    ["retrieving", "Searching the documents"],
    ["thinking", "Writing the answer"],
  ]) {
    page.say({ type: "status", answer_id: "a1", stage });
    expect(answer.textContent).toContain(words);
  }
  page.say({ type: "sources", answer_id: "a1", epoch: 1, seq: 1, items: sources });
  expect(answer.textContent).toContain("Reading 2 passages");
});

it("shows a cited answer with its sources and its receipt", async () => {
  const page = openPage(freshBrowser(), ["m1"]);
  await answered(page);
  const answer = screen.getByRole("article", { name: "Answer" });
  expect(within(answer).getByText("1.5 percent").tagName).toBe("STRONG");
  expect(answer.textContent).toContain("Nothing else changes [7]");
  const list = within(answer).getByRole("region", { name: "Sources" });
  expect(within(list).getByText("p. 3 · 4. Contract price")).toBeTruthy();
  expect(
    within(list)
      .getByRole("link", { name: /Harrow Ridge PPA/ })
      .getAttribute("href"),
  ).toBe("https://docs.example.com/ppa");
  expect(list.textContent).toContain("1 passage found but not cited");
  expect(answer.textContent).toContain("gpt-5-mini");
  expect(answer.textContent).toContain("1,412 tokens in, 74 out");
  expect(answer.textContent).toContain("1.2 s");
});

it("a citation leads to its source", async () => {
  const page = openPage(freshBrowser(), ["m1"]);
  await answered(page);
  await page.user.click(screen.getByRole("button", { name: "Source 1: Harrow Ridge PPA" }));
  const item = screen
    .getAllByRole("listitem")
    .find((li) => li.getAttribute("aria-current") === "true");
  expect(item?.textContent).toContain("Harrow Ridge PPA");
  await waitFor(() => expect(document.activeElement).toBe(item));
});

it("an answer of the extractive model is labelled as such", async () => {
  const page = openPage(freshBrowser(), ["m1"]);
  await answered(page, { receipt: { ...receipt, model: "extractive" } });
  expect(screen.getByText("Quoted from the documents, no language model")).toBeTruthy();
});

it("a cached answer can be asked afresh", async () => {
  const page = openPage(freshBrowser(), ["m1"]);
  await answered(page, { receipt: { ...receipt, cache: { decision: "hit" } } });
  expect(screen.getByText("Answered from the cache")).toBeTruthy();
  await page.user.click(screen.getByRole("button", { name: "Ask afresh" }));
  expect(page.sent().at(-1)).toMatchObject({ text: "How fast?", fresh: true });
});

it("an error keeps the text, says what to do and asks again on request", async () => {
  const page = openPage(freshBrowser(), ["m1"]);
  await answered(page, {
    state: "error",
    error: { code: "model_unavailable", message: "The model is away.", retryable: true },
  });
  const answer = screen.getByRole("article", { name: "Answer" });
  expect(answer.textContent).toContain("1.5 percent");
  expect(answer.textContent).toContain("The model is away. What had arrived is kept above.");
  await page.user.click(within(answer).getByRole("button", { name: "Ask again" }));
  expect(page.sent().at(-1)).toMatchObject({ text: "How fast?", conversation_id: "c1" });
});

it("an error that asking again cannot mend offers no such thing", async () => {
  const page = openPage(freshBrowser(), ["m1"]);
  await answered(page, {
    state: "error",
    error: { code: "content_filter", message: "Withheld.", retryable: false },
  });
  expect(screen.queryByRole("button", { name: "Ask again" })).toBeNull();
});

it("a refused question says why and when to try again", async () => {
  const page = openPage(freshBrowser(), ["m1"]);
  await ask(page, "Quick!");
  page.say({
    type: "rejected",
    client_msg_id: "m1",
    code: "rate_limited",
    message: "Too many questions in this minute.",
    retry_after_ms: 12_000,
  });
  expect(screen.getByRole("article").textContent).toContain("Too many questions");
  const retry = screen.getByRole("button", { name: /Try again in 1[12] s/ });
  expect(retry.hasAttribute("disabled")).toBe(true);
});

it("hostile Markdown stays text: no HTML, no remote image, no script address", async () => {
  const page = openPage(freshBrowser(), ["m1"]);
  const hostile =
    "<img src=x onerror=alert(1)> ![spy](https://evil.example/p.png) [run](javascript:alert(1))\n\n<script>alert(1)</script>";
  await ask(page, "x");
  page.say(
    accepted("m1"),
    { type: "delta", answer_id: "a1", epoch: 1, seq: 1, text: hostile },
    endOf("a1", hostile, { last_seq: 1 }),
  );
  const answer = screen.getByRole("article", { name: "Answer" });
  await waitFor(() => expect(answer.querySelector(".answer-text p")).not.toBeNull());
  expect(answer.querySelector("img, script, [onerror], a[href^='javascript']")).toBeNull();
  expect(answer.textContent).toContain("<img src=x onerror=alert(1)>");
});

it("after a reload the conversation is there and the running answer goes on", async () => {
  const browser = freshBrowser();
  const first = openPage(browser, ["m1"]);
  await ask(first, "How fast?");
  first.say(accepted("m1"), { type: "delta", answer_id: "a1", epoch: 1, seq: 1, text: "By 1.5 " });
  closePage(first);

  const second = openPage(browser);
  expect((await screen.findByRole("article", { name: "Answer" })).textContent).toContain("By 1.5");
  expect(second.sent().at(-1)).toMatchObject({ action: "resume", after_seq: 1 });
  second.say(
    { type: "delta", answer_id: "a1", epoch: 1, seq: 2, text: "percent." },
    endOf("a1", "By 1.5 percent.", { last_seq: 2 }),
  );
  expect(screen.getByRole("article").textContent).toContain("By 1.5 percent.");
});

it("a new conversation starts from the empty page", async () => {
  const page = openPage(freshBrowser(), ["m1"]);
  await answered(page);
  await page.user.click(screen.getByRole("button", { name: "New conversation" }));
  expect(screen.getByRole("heading", { name: "What do you want to know?" })).toBeTruthy();
  await ask(page, "Again?");
  expect(page.sent().at(-1)).not.toHaveProperty("conversation_id");
});

it("screen readers hear sentences, not tokens, and how it ended", async () => {
  const page = openPage(freshBrowser(), ["m1"]);
  await ask(page, "How fast?");
  page.say(accepted("m1"));
  const heard = () => screen.getByTestId("announcer").textContent;
  const delta = (seq: number, text: string) =>
    page.say({ type: "delta", answer_id: "a1", epoch: 1, seq, text });
  delta(1, "The price rises ");
  expect(heard()).not.toContain("The price");
  delta(2, "by **1.5 percent** [1]. It ");
  expect(heard()).toBe("The price rises by 1.5 percent .");
  delta(3, "stays so.");
  page.say(endOf("a1", "The price rises by **1.5 percent** [1]. It stays so.", { last_seq: 3 }));
  expect(heard()).toBe("It stays so. Answer complete.");
});
