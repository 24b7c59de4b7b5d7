// @vitest-environment happy-dom
import { act, cleanup, screen, waitFor, within } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import type { Chunk } from "../../src/api/schema";
import { SAMPLE_STARTERS } from "../../src/features/thread/starters";
import type { Receipt } from "../../src/protocol/wire";
import { endOf, source } from "../builders";
import { problem, scriptedApi } from "../scripted_api";
import { closePage, freshBrowser, openPage, type Page } from "./page";

afterEach(cleanup);

const TEXT = "The price rises by **1.5 percent** a year [1]. Nothing else changes [7].";
const receipt: Receipt = {
  model: "openai:gpt-5-mini",
  corpus_version: "c1",
  cache: { decision: "miss", reason: "no near question" },
  stages: [
    { name: "retrieve", ms: 12 },
    { name: "model", ms: 1_100 },
  ],
  tokens: { prompt: 1412, completion: 74 },
  total_ms: 1203.5,
};
const sources = [
  source("1", {
    title: "Harrow Ridge PPA",
    section: "4. Contract price",
    page: 3,
    url: "https://docs.example.com/ppa",
    chunk_id: "chunk-1",
  }),
  source("2", { title: "Tariff book", section: "Demand charges" }),
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

it("the empty page offers questions about the documents, and asks the one that is chosen", async () => {
  const summary = { title: "Grid Code", document: "grid.md", characters: 900 };
  const api = scriptedApi({
    "GET /documents": () => ({ items: [summary], next_cursor: null, corpus_version: "c" }),
    "GET /documents/grid.md": () => ({
      ...summary,
      sections: [{ title: "2. Voltage limits", start: 0 }],
    }),
  });
  const page = openPage(freshBrowser(), [], api);
  const question = "What does “Grid Code” say about voltage limits?";
  await page.user.click(await screen.findByRole("button", { name: `Grid Code ${question}` }));
  expect(page.sent().at(-1)).toMatchObject({ action: "message", text: question });
  expect(screen.queryByRole("list", { name: "Questions to start with" })).toBeNull();
});

it("where the documents cannot be listed, the questions that came with the page are offered", async () => {
  openPage();
  for (const { question } of SAMPLE_STARTERS) await screen.findByText(question);
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
  expect(list.textContent).toContain("1 passage found but not cited");
  expect(within(answer).getByRole("button", { name: /^Receipt/ }).textContent).toBe("Receipt1.2 s");
});

const passage = (n: number, text: string, start: number): Chunk => ({
  n,
  chunk_id: `chunk-${n}`,
  start,
  end: start + text.length,
  page: 3,
  section: "4. Contract price",
  text,
});
const CHUNK = "GET /documents/documents%2F1.md/chunks/chunk-1";
const before = passage(0, "The parties agree. ", 0);
const cited = passage(
  1,
  "The price is fixed. It rises by 1.5 percent a year. It ends in 2040. ",
  19,
);
const after = passage(2, "Nothing else changes.", 88);
const citation = {
  source_id: "1",
  document: "documents/1.md",
  chunk_id: "chunk-1",
  at: TEXT.indexOf("[1]"),
  quote: "It rises by 1.5 percent a year.",
  start: 39,
  end: 70,
  page: 3,
  section: "4. Contract price",
};

it("a citation opens the document at the cited words; closing leads back to it", async () => {
  const api = scriptedApi({ [CHUNK]: () => ({ before, chunk: cited, after, span: null }) });
  const page = openPage(freshBrowser(), ["m1"], api);
  await answered(page, { citations: [citation] });
  const chip = screen.getByRole("button", { name: "Source 1: Harrow Ridge PPA" });
  await page.user.click(chip);
  const panel = screen.getByRole("complementary", { name: "Source" });
  expect(document.activeElement).toBe(panel);
  const mark = await waitFor(() => {
    const found = panel.querySelector("mark");
    if (found === null) throw new Error("nothing is marked");
    return found;
  });
  expect(mark.textContent).toBe("It rises by 1.5 percent a year.");
  expect(panel.textContent).toContain("The parties agree. The price is fixed.");
  expect(panel.textContent).toContain("It ends in 2040. Nothing else changes.");
  expect(panel.textContent).toContain("p. 3 · 4. Contract price");
  expect(
    within(panel)
      .getByRole("link", { name: /Original/ })
      .getAttribute("href"),
  ).toBe("https://docs.example.com/ppa");
  await page.user.keyboard("{Escape}");
  expect(screen.queryByRole("complementary", { name: "Source" })).toBeNull();
  expect(document.activeElement).toBe(chip);
});

it("a document that cannot be loaded leaves what the answer was given, and a retry", async () => {
  let away = true;
  const api = scriptedApi({
    [CHUNK]: () =>
      away
        ? problem(503, "unavailable", "The server is busy. Try again.")
        : { before, chunk: cited, after, span: null },
  });
  const page = openPage(freshBrowser(), ["m1"], api);
  await answered(page, { citations: [citation] });
  await page.user.click(screen.getByRole("button", { name: /^Open source 1/ }));
  const panel = screen.getByRole("complementary", { name: "Source" });
  const retry = await within(panel).findByRole("button", { name: "Try again" });
  expect(panel.textContent).toContain("The server is busy. Try again.");
  expect(panel.textContent).toContain("It rises by 1.5 percent a year.");
  away = false;
  await page.user.click(retry);
  await waitFor(() => expect(panel.textContent).toContain("Nothing else changes."));
});

it("documents that were indexed anew are told so, without a useless retry", async () => {
  const page = openPage(freshBrowser(), ["m1"]);
  await answered(page, { citations: [citation] });
  await page.user.click(screen.getByRole("button", { name: /^Open source 1/ }));
  expect(await screen.findByText(/The documents have changed since this answer/)).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Try again" })).toBeNull();
});

it("what the server could not confirm is marked, and says why", async () => {
  const page = openPage(freshBrowser(), ["m1"]);
  const flagged = "Nothing else changes [7].";
  const start = TEXT.indexOf(flagged);
  const flag = { kind: "unsupported", start, end: start + flagged.length, text: flagged } as const;
  await answered(page, { flags: [flag] });
  const answer = screen.getByRole("article", { name: "Answer" });
  await waitFor(() => expect(answer.querySelector(".flagged")?.textContent).toBe(flagged));
  expect(within(answer).getByRole("button", { name: /^Unsupported sentence: / })).toBeTruthy();
  expect(answer.textContent).toContain("1 part is not confirmed by the cited passages");
});

it("an abstention looks like one", async () => {
  const page = openPage(freshBrowser(), ["m1"]);
  await answered(page, { finish_reason: "abstained" });
  expect(screen.getByText("Not answered: the documents do not say")).toBeTruthy();
});

it("offers to go on with what was found and not used", async () => {
  const page = openPage(freshBrowser(), ["m1", "m2"]);
  await answered(page);
  const list = screen.getByRole("region", { name: "Follow-up questions" });
  await page.user.click(
    within(list).getByRole("button", { name: "What does “Tariff book” say about demand charges?" }),
  );
  expect(page.sent().at(-1)).toMatchObject({
    text: "What does “Tariff book” say about demand charges?",
    conversation_id: "c1",
  });
});

it("the receipt tells stages, cache and tokens on demand", async () => {
  const page = openPage(freshBrowser(), ["m1"]);
  await answered(page);
  expect(screen.queryByText("Corpus version")).toBeNull();
  await page.user.click(screen.getByRole("button", { name: /^Receipt/ }));
  const told = await screen.findByRole("dialog", { name: "Receipt of this answer" });
  expect(within(told).getByRole("list", { name: "Stages" }).textContent).toBe(
    "Search the documents12 msWrite the answer1.1 s",
  );
  expect(told.textContent).toContain("gpt-5-mini");
  expect(told.textContent).toContain("1,412 in, 74 out");
  expect(told.textContent).toContain("Not in the cache: no near question");
});

it("words that have come stay while the connection is away, and the page says so", async () => {
  const page = openPage(freshBrowser(), ["m1"]);
  await ask(page, "How fast?");
  page.say(accepted("m1"), { type: "delta", answer_id: "a1", epoch: 1, seq: 1, text: "By 1.5 " });
  act(() => {
    for (let attempt = 0; attempt < 6; attempt += 1) {
      page.peer().cut();
      if (attempt < 5) page.session.retryNow();
    }
  });
  const answer = screen.getByRole("article", { name: "Answer" });
  await waitFor(() => expect(answer.textContent).toContain("Interrupted."), { timeout: 3_000 });
  expect(answer.textContent).toContain("By 1.5");
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
