// @vitest-environment happy-dom
import { cleanup, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it } from "vitest";
import { freshBrowser, openPage } from "./page";

const { happyDOM } = window as unknown as {
  readonly happyDOM: { setViewport(viewport: { readonly width: number }): void };
};
beforeEach(() => happyDOM.setViewport({ width: 1_280 }));
afterEach(cleanup);

it("the sidebar can be hidden and shown, by its button and by keys; focus is kept", async () => {
  const { user } = openPage();
  expect(screen.getByRole("complementary", { name: "Sidebar" })).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Hide the sidebar" }));
  expect(screen.queryByRole("complementary", { name: "Sidebar" })).toBeNull();
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "Show the sidebar" }));
  await user.keyboard("{Control>}b{/Control}");
  expect(screen.getByRole("complementary", { name: "Sidebar" })).toBeTruthy();
});

it("on a narrow screen the sidebar is a drawer that closes when it has led somewhere", async () => {
  happyDOM.setViewport({ width: 400 });
  const { user } = openPage();
  expect(screen.queryByRole("link", { name: "Documents" })).toBeNull();
  await user.click(screen.getByRole("button", { name: "Show the sidebar" }));
  expect(screen.getByRole("dialog", { name: "Menu" })).toBeTruthy();
  await user.click(screen.getByRole("link", { name: "Documents" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(await screen.findByRole("heading", { name: "Documents", level: 1 })).toBeTruthy();
});

it("the theme is chosen in the settings", async () => {
  const { user } = openPage();
  await user.click(screen.getByRole("button", { name: "Settings" }));
  await user.click(await screen.findByRole("radio", { name: "Dark" }));
  expect(document.documentElement.dataset.theme).toBe("dark");
  await user.click(screen.getByRole("radio", { name: "System" }));
  expect(document.documentElement.dataset.theme).toBeUndefined();
});

it("? lists the shortcuts, but not while a question is written", async () => {
  const page = openPage();
  await page.user.type(page.questionBox(), "what?");
  expect(screen.queryByRole("dialog")).toBeNull();
  page.questionBox().blur();
  await page.user.keyboard("?");
  const sheet = await screen.findByRole("dialog", { name: "Keyboard shortcuts" });
  expect(sheet.textContent).toContain("New conversationCtrlShiftO");
  await page.user.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

it("shortcuts of a single key can be switched off", async () => {
  const page = openPage();
  await page.user.click(screen.getByRole("button", { name: "Settings" }));
  await page.user.click(await screen.findByRole("switch", { name: /Shortcuts of a single key/ }));
  await page.user.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  await page.user.keyboard("?");
  expect(screen.queryByRole("dialog")).toBeNull();
});

it("a new conversation starts from any page, with the question box in focus", async () => {
  const page = openPage();
  await page.user.click(screen.getByRole("link", { name: "Insights" }));
  expect(await screen.findByRole("heading", { name: "Insights", level: 1 })).toBeTruthy();
  expect(document.title).toBe("Insights · EnergyCopilot");
  await page.user.click(screen.getByRole("button", { name: "New conversation" }));
  await waitFor(() => expect(document.activeElement).toBe(page.questionBox()));
  expect(window.location.pathname).toBe("/");
});

it("an address that stands for nothing says so and leads back", async () => {
  const kept = freshBrowser();
  window.history.replaceState(null, "", "/nowhere");
  openPage(kept);
  expect(screen.getByText("There is nothing at this address")).toBeTruthy();
  expect(screen.getByRole("link", { name: "Ask a question" }).getAttribute("href")).toBe("/");
});
