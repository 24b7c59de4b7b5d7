// @vitest-environment happy-dom
import { act, cleanup, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { closePage, freshBrowser, openPage } from "./page";

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const sendButton = () => screen.getByRole("button", { name: "Send the question" });
const value = (box: HTMLElement) => (box as HTMLTextAreaElement).value;

it("Enter sends and empties the box; Shift+Enter breaks the line", async () => {
  const page = openPage();
  await page.user.type(page.questionBox(), "one{Shift>}{Enter}{/Shift}two{Enter}");
  expect(page.sent().at(-1)).toMatchObject({ action: "message", text: "one\ntwo" });
  expect(value(page.questionBox())).toBe("");
});

it("nothing to send cannot be sent", async () => {
  const page = openPage();
  expect(sendButton().hasAttribute("disabled")).toBe(true);
  await page.user.type(page.questionBox(), "   {Enter}");
  expect(page.sent().map(({ action }) => action)).toEqual(["hello"]);
});

it("while an answer runs, Send is Stop and typing goes on", async () => {
  const page = openPage(freshBrowser(), ["m1"]);
  await page.user.type(page.questionBox(), "q{Enter}");
  page.say({ type: "accepted", client_msg_id: "m1", answer_id: "a1", conversation_id: "c" });
  await page.user.type(page.questionBox(), "next{Enter}");
  expect(screen.getByText("Stop the answer, or wait for its end, to send this.")).toBeTruthy();
  expect(value(page.questionBox())).toBe("next");
  expect(page.sent().filter(({ action }) => action === "message")).toHaveLength(1);
  await page.user.click(screen.getByRole("button", { name: "Stop the answer" }));
  expect(page.sent().at(-1)).toEqual({ action: "cancel", answer_id: "a1" });
});

it("keeps its draft through a reload", async () => {
  const browser = freshBrowser();
  const first = openPage(browser);
  await first.user.type(first.questionBox(), "half a thou");
  closePage(first);
  const second = openPage(browser);
  expect(value(second.questionBox())).toBe("half a thou");
});

it("refuses what the server would refuse as too long, and says by how much", async () => {
  const page = openPage();
  act(() => page.questionBox().focus());
  await page.user.paste("x".repeat(4_001));
  expect(screen.getByRole("alert").textContent).toContain("1 characters too long");
  await page.user.keyboard("{Enter}");
  expect(sendButton().hasAttribute("disabled")).toBe(true);
  expect(page.sent().map(({ action }) => action)).toEqual(["hello"]);
});

it("a lost connection is told with a countdown and can be retried at once", () => {
  vi.useFakeTimers();
  const page = openPage();
  act(() => {
    for (let attempt = 0; attempt < 6; attempt += 1) {
      page.peer().cut();
      if (attempt < 5) page.session.retryNow();
    }
  });
  act(() => void vi.advanceTimersByTime(1_000));
  expect(screen.getByRole("status").textContent).toMatch(/Connection lost. Next try in \d+ s./);
  act(() => screen.getByRole("button", { name: "Retry now" }).click());
  act(() => page.greet());
  expect(screen.getByRole("status").textContent).toBe("Connected again");
  act(() => void vi.advanceTimersByTime(3_000));
  expect(screen.getByRole("status").textContent).toBe("");
});
