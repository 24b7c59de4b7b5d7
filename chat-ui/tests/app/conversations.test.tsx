// @vitest-environment happy-dom
import { act, cleanup, screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { toast } from "../../src/ui/toast";
import { endOf } from "../builders";
import { closePage, freshBrowser, openPage, type Page } from "./page";

afterEach(() => {
  cleanup();
  toast.dismiss();
});

const list = () => screen.getByRole("navigation", { name: "Conversations" });
const row = (title: string) => within(list()).getByRole("link", { name: title });
const titles = () =>
  within(list())
    .queryAllByRole("link")
    .map((link) => link.textContent);

async function menu(page: Page, title: string, item: string): Promise<void> {
  await page.user.click(await screen.findByRole("button", { name: `Actions for “${title}”` }));
  await page.user.click(await screen.findByRole("menuitem", { name: item }));
}

async function ask(page: Page, question: string, id: string, words: string): Promise<void> {
  const [client_msg_id, answer_id, conversation_id] = [`m${id}`, `a${id}`, "c1"];
  await page.user.type(page.questionBox(), `${question}{Enter}`);
  page.say(
    { type: "accepted", client_msg_id, answer_id, conversation_id },
    { type: "delta", answer_id, epoch: 1, seq: 1, text: words },
    endOf(answer_id, words),
  );
}

describe("the list", () => {
  it("opens a conversation of the past at an address of its own", async () => {
    const page = openPage(freshBrowser("wind", "solar"));
    await page.user.click(await screen.findByRole("link", { name: "solar" }));
    expect((await screen.findByRole("article", { name: "Answer" })).textContent).toContain(
      "about solar",
    );
    expect(window.location.pathname).toBe("/c/solar");
    expect(screen.getByTestId("announcer").textContent).toBe("");
    expect(row("solar").getAttribute("aria-current")).toBe("page");
    expect(row("wind").getAttribute("aria-current")).toBeNull();
  });

  it("shows a new conversation from its first question on, under the server's name later", async () => {
    const page = openPage(freshBrowser(), ["m1"]);
    await page.user.type(page.questionBox(), "What is a PPA?{Enter}");
    expect(titles()).toEqual(["What is a PPA?, being answered"]);
    expect(window.location.pathname).toBe("/c/m1");
    page.say({ type: "accepted", client_msg_id: "m1", answer_id: "a1", conversation_id: "c1" });
    await waitFor(() => expect(window.location.pathname).toBe("/c/c1"));
    expect(titles()).toEqual(["What is a PPA?, being answered"]);
  });

  it("is what this browser has kept where the server is away", async () => {
    const browser = freshBrowser("wind", "solar");
    const first = openPage(browser);
    await screen.findByRole("link", { name: "solar" });
    closePage(first);
    browser.server.isAway = true;
    openPage(browser);
    await screen.findByText(/This is what this browser has kept/);
    expect(titles()).toEqual(["wind", "solar"]);
    browser.server.isAway = false;
    await userClicksRetry();
    await waitFor(() => expect(screen.queryByText(/has kept/)).toBeNull());
  });

  async function userClicksRetry(): Promise<void> {
    await act(async () => within(list()).getByRole("button", { name: "Try again" }).click());
  }

  it("renames a conversation, by keyboard", async () => {
    const browser = freshBrowser("wind");
    const page = openPage(browser);
    await menu(page, "wind", "Rename");
    const field = await screen.findByRole("textbox", { name: "New title of “wind”" });
    expect(document.activeElement).toBe(field);
    await page.user.clear(field);
    await page.user.type(field, "Harrow Ridge{Enter}");
    await screen.findByRole("link", { name: "Harrow Ridge" });
    expect(browser.server.items[0]?.title).toBe("Harrow Ridge");
  });

  it("leaves a title as it was on Escape", async () => {
    const browser = freshBrowser("wind");
    const page = openPage(browser);
    await menu(page, "wind", "Rename");
    await page.user.type(await screen.findByRole("textbox", { name: /^New title/ }), "x{Escape}");
    expect(row("wind")).toBeTruthy();
    expect(browser.server.items[0]?.title).toBe("wind");
  });

  it("pins a conversation to the top", async () => {
    const browser = freshBrowser("wind", "solar");
    const page = openPage(browser);
    await menu(page, "solar", "Pin");
    await screen.findByRole("heading", { name: "Pinned" });
    expect(titles()).toEqual(["solar", "wind"]);
    expect(browser.server.items.find(({ title }) => title === "solar")?.pinned).toBe(true);
  });

  it("deletes a conversation, which can be undone", async () => {
    const browser = freshBrowser("wind", "solar");
    const page = openPage(browser);
    await page.user.click(await screen.findByRole("link", { name: "wind" }));
    await screen.findByText("about wind");
    await menu(page, "wind", "Delete");
    await waitFor(() => expect(titles()).toEqual(["solar"]));
    expect(window.location.pathname).toBe("/");
    expect(await browser.archive.load("wind")).toBeNull();
    await page.user.click(await screen.findByRole("button", { name: "Undo" }));
    await screen.findByText("about wind");
    expect(window.location.pathname).toBe("/c/wind");
    expect(titles().sort()).toEqual(["solar", "wind"]);
  });

  it("puts back what the server refused to change, and says so", async () => {
    const browser = freshBrowser("wind");
    const page = openPage(browser);
    await screen.findByRole("link", { name: "wind" });
    browser.server.isAway = true;
    await menu(page, "wind", "Delete");
    await screen.findByText("The conversation could not be deleted");
    expect(row("wind")).toBeTruthy();
  });

  it("loads older conversations on request", async () => {
    const names = Array.from({ length: 31 }, (_, index) => `c-${index}`);
    const page = openPage(freshBrowser(...names));
    await page.user.click(await screen.findByRole("button", { name: "Show older conversations" }));
    await waitFor(() => expect(titles()).toHaveLength(31));
  });

  it("exports the branch that is shown", async () => {
    const browser = freshBrowser("wind");
    const page = openPage(browser);
    const address = vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:export");
    const saved: string[] = [];
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (
      this: HTMLAnchorElement,
    ) {
      if (this.download !== "") saved.push(this.download);
    });
    await page.user.click(await screen.findByRole("link", { name: "wind" }));
    await screen.findByText("about wind");
    await menu(page, "wind", "Export as Markdown");
    await waitFor(() => expect(saved).toEqual(["wind.md"]));
    const content = address.mock.calls[0]?.[0] as Blob;
    expect(await content.text()).toBe("leaf a-wind");
  });
});

describe("searching", () => {
  it("shows where the words occur, and opens the branch that they are in", async () => {
    const browser = freshBrowser("wind", "solar");
    browser.server.hits = [
      {
        conversation_id: "solar",
        title: "solar",
        answer_id: "a-solar",
        where: "answer",
        excerpt: "about solar",
        marks: [[6, 11]],
        at: 1,
      },
    ];
    const page = openPage(browser);
    await page.user.keyboard("{Control>}k{/Control}");
    const box = screen.getByRole("searchbox", { name: "Search conversations" });
    expect(document.activeElement).toBe(box);
    await page.user.type(box, "solar");
    await screen.findByText("1 place found");
    const hit = within(screen.getByRole("region", { name: "Search results" })).getByRole("link");
    expect(within(hit).getByText("solar", { selector: "mark" })).toBeTruthy();
    await page.user.click(hit);
    await screen.findByRole("article", { name: "Answer" });
    expect(window.location.pathname).toBe("/c/solar");
    await page.user.type(box, "{Escape}");
    expect(titles()).toEqual(["wind", "solar"]);
  });

  it("looks into what this browser has kept where the server is away", async () => {
    const browser = freshBrowser("wind");
    const page = openPage(browser);
    await page.user.click(await screen.findByRole("link", { name: "wind" }));
    await screen.findByText("about wind");
    await act(async () => page.session.save());
    browser.server.isAway = true;
    await page.user.type(screen.getByRole("searchbox"), "about");
    await screen.findByText(/1 place found, in what this browser has kept/);
  });
});

describe("an address", () => {
  it("of a conversation that does not exist says so, and a question begins another", async () => {
    const browser = freshBrowser();
    window.history.replaceState(null, "", "/c/nowhere");
    const page = openPage(browser, ["m1"]);
    await screen.findByText("This conversation does not exist");
    await page.user.type(page.questionBox(), "Hello?{Enter}");
    expect(page.sent().at(-1)).not.toHaveProperty("conversation_id");
    await waitFor(() => expect(window.location.pathname).toBe("/c/m1"));
  });

  it("of a conversation that cannot be loaded offers to try again", async () => {
    const browser = freshBrowser("wind");
    browser.server.isAway = true;
    window.history.replaceState(null, "", "/c/wind");
    const page = openPage(browser);
    await screen.findByText("The conversation could not be loaded");
    browser.server.isAway = false;
    const alert = screen.getByRole("alert");
    await page.user.click(within(alert).getByRole("button", { name: "Try again" }));
    await screen.findByText("about wind");
  });

  it("leads back and forth between conversations, while an answer runs in one", async () => {
    const page = openPage(freshBrowser("wind"), ["m1"]);
    await page.user.type(page.questionBox(), "New?{Enter}");
    page.say(
      { type: "accepted", client_msg_id: "m1", answer_id: "a1", conversation_id: "c1" },
      { type: "delta", answer_id: "a1", epoch: 1, seq: 1, text: "run" },
    );
    await page.user.click(await screen.findByRole("link", { name: "wind" }));
    await screen.findByText("about wind");
    page.say(
      { type: "delta", answer_id: "a1", epoch: 1, seq: 2, text: "ning" },
      endOf("a1", "running", { last_seq: 2 }),
    );
    await page.user.click(row("New?"));
    await screen.findByText("running");
  });
});

describe("branches and judgements", () => {
  const question = (text: string) => screen.getByText(text, { selector: ".question" });

  it("a question is edited, and both versions are reached, by keyboard alone", async () => {
    const page = openPage(freshBrowser(), ["m1", "m2"]);
    await ask(page, "First?", "1", "one");
    screen.getByRole("button", { name: "Edit the question" }).focus();
    await page.user.keyboard("{Enter}");
    const field = await screen.findByRole("textbox", { name: "Question" });
    expect(document.activeElement).toBe(field);
    await page.user.keyboard("{Control>}a{/Control}Second?{Enter}");
    expect(page.sent().at(-1)).toMatchObject({ text: "Second?", parent: "root" });
    page.say(
      { type: "accepted", client_msg_id: "m2", answer_id: "a2", conversation_id: "c1" },
      { type: "delta", answer_id: "a2", epoch: 1, seq: 1, text: "two" },
      endOf("a2", "two"),
    );
    expect(question("Second?")).toBeTruthy();
    expect(screen.getByRole("group", { name: "Versions" }).textContent).toContain("2 of 2");
    screen.getByRole("button", { name: "Previous version" }).focus();
    await page.user.keyboard("{Enter}");
    expect(question("First?")).toBeTruthy();
    await waitFor(() =>
      expect(document.activeElement?.getAttribute("aria-label")).toBe("Previous version"),
    );
    expect(screen.getByRole("group", { name: "Versions" }).textContent).toContain("1 of 2");
  });

  it("Escape leaves a question as it was", async () => {
    const page = openPage(freshBrowser(), ["m1"]);
    await ask(page, "First?", "1", "one");
    await page.user.click(screen.getByRole("button", { name: "Edit the question" }));
    await page.user.keyboard("nonsense{Escape}");
    expect(question("First?")).toBeTruthy();
    expect(page.sent().filter(({ action }) => action === "message")).toHaveLength(1);
    await waitFor(() =>
      expect(document.activeElement?.getAttribute("aria-label")).toBe("Edit the question"),
    );
  });

  it("a thumbs down is noted at once, its reason when it is given", async () => {
    const browser = freshBrowser();
    const page = openPage(browser, ["m1"]);
    await ask(page, "First?", "1", "one");
    await page.user.click(screen.getByRole("button", { name: "Bad answer" }));
    await waitFor(() => expect(browser.server.ratings.get("a1")).toEqual({ rating: "down" }));
    const dialog = await screen.findByRole("dialog", { name: /What was wrong/ });
    await page.user.click(within(dialog).getByRole("radio", { name: "It is outdated" }));
    await page.user.type(within(dialog).getByRole("textbox"), "See the amendment.");
    await page.user.click(within(dialog).getByRole("button", { name: "Send" }));
    await waitFor(() =>
      expect(browser.server.ratings.get("a1")).toEqual({
        rating: "down",
        reason: "outdated",
        comment: "See the amendment.",
      }),
    );
    const down = screen.getByRole("button", { name: "Bad answer" });
    expect(down.getAttribute("aria-pressed")).toBe("true");
    await page.user.click(down);
    await waitFor(() => expect(browser.server.ratings.get("a1")).toEqual({ rating: null }));
  });

  it("a judgement that the server does not take is taken back, with a word", async () => {
    const browser = freshBrowser();
    const page = openPage(browser, ["m1"]);
    await ask(page, "First?", "1", "one");
    browser.server.isAway = true;
    const up = screen.getByRole("button", { name: "Good answer" });
    await page.user.click(up);
    await screen.findByText("Your feedback was not noted");
    expect(up.getAttribute("aria-pressed")).toBe("false");
  });
});

it("my data is deleted after a question, here and on the server", async () => {
  const browser = freshBrowser("wind");
  const page = openPage(browser, ["m1"]);
  await ask(page, "Mine?", "1", "yours");
  await page.user.click(screen.getByRole("button", { name: "Settings" }));
  await page.user.click(await screen.findByRole("button", { name: "Delete my data" }));
  const question = await screen.findByRole("alertdialog", { name: "Delete all of your data?" });
  await page.user.click(within(question).getByRole("button", { name: "Delete everything" }));
  await waitFor(async () => expect(await browser.archive.all()).toEqual([]));
  expect(browser.server.items).toEqual([]);
});

it("a browser that keeps nothing is told of once", async () => {
  const browser = freshBrowser();
  const archive = { ...browser.archive, save: async () => "full" as const };
  const page = openPage({ ...browser, archive }, ["m1"]);
  await ask(page, "Kept?", "1", "no");
  await screen.findByText(/no room left/);
  await page.user.click(screen.getByRole("button", { name: "Dismiss" }));
  expect(screen.queryByText(/no room left/)).toBeNull();
});
