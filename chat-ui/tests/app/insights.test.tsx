// @vitest-environment happy-dom
import { cleanup, screen, waitFor, within } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { insights, insightsDay } from "../api_builders";
import { NO_CONVERSATIONS, problem, type Reply, scriptedApi } from "../scripted_api";
import { freshBrowser, openPage } from "./page";

afterEach(cleanup);

function openInsights(reply: Reply) {
  const kept = freshBrowser();
  window.history.replaceState(null, "", "/insights");
  const api = scriptedApi({ ...NO_CONVERSATIONS, "GET /insights": reply });
  return { api, ...openPage(kept, [], api) };
}

const busy = insights(
  [
    insightsDay("2026-11-20", {
      questions: 8,
      done: 6,
      abstained: 1,
      errors: 2,
      cache_hits: 2,
      up: 3,
      down: 1,
      cost_usd: 0.0124,
      prompt_tokens: 11_000,
      completion_tokens: 1_345,
      first_token_ms: { p50: 320, p95: 1_200 },
      total_ms: { p50: 2_500, p95: 6_000 },
    }),
  ],
  {
    top_questions: [{ question: "How cold is LNG?", count: 5, cache_hits: 4, last_at: 0 }],
    failed_questions: [
      {
        question: "What broke?",
        state: "error",
        code: "model_unavailable",
        answer_id: "a1",
        conversation_id: "c9",
        at: 0,
      },
    ],
  },
);

/** The figure under a name, and the note below it. */
function figureOf(name: string): string {
  return screen.getByText(name, { selector: "dt" }).parentElement?.textContent ?? "";
}

it("shows the sums of the period", async () => {
  openInsights(() => busy);
  expect(await screen.findByText("Whole answer, median")).toBeTruthy();
  expect(figureOf("Questions")).toBe("Questions875% answered to the end");
  expect(figureOf("First word, median")).toContain("320 ms95% within 1.2 s");
  expect(figureOf("From the cache")).toContain("25%2 of 8");
  expect(figureOf("Rated good")).toContain("75%3 good, 1 bad");
  expect(figureOf("Cost")).toContain("$0.01212.3K tokens");
  expect(figureOf("Failed")).toContain("2");
});

it("every chart can be read as a table", async () => {
  const { user } = openInsights(() => busy);
  const chart = await screen.findByRole("region", { name: "Questions per day" });
  await user.click(within(chart).getByRole("button", { name: "Show as a table" }));
  const rows = within(chart)
    .getAllByRole("row")
    .map((row) => [...row.children].map((cell) => cell.textContent));
  expect(rows).toEqual([
    ["Day", "Answered", "Abstained", "Stopped", "Cut short", "Failed"],
    ["20 Nov", "5", "1", "0", "0", "2"],
  ]);
});

it("top and failed questions are listed; a failed one leads to its conversation", async () => {
  openInsights(() => busy);
  const top = await screen.findByRole("region", { name: "Asked most" });
  expect(top.textContent).toContain("How cold is LNG?");
  expect(top.textContent).toContain("4 from the cache");
  const failed = screen.getByRole("region", { name: "Without a good end" });
  expect(failed.textContent).toContain("model_unavailable");
  const link = within(failed).getByRole("link", { name: "What broke?" });
  expect(link.getAttribute("href")).toBe("/c/c9");
});

it("another period is asked for and stands in the address", async () => {
  const { api, user } = openInsights(() => busy);
  await user.click(await screen.findByRole("radio", { name: "7 days" }));
  await waitFor(() => expect(api.requests.at(-1)).toBe("GET /insights?days=7"));
  expect(window.location.search).toBe("?days=7");
});

it("a time without questions says so instead of showing zeros", async () => {
  openInsights(() => insights([insightsDay("2026-11-20")]));
  expect(await screen.findByText("No questions in this time")).toBeTruthy();
  expect(screen.queryByText("Whole answer, median")).toBeNull();
});

it("figures that cannot be read say why", async () => {
  openInsights(() => problem(500, "internal", "Something failed. Send it again."));
  expect((await screen.findByRole("alert")).textContent).toContain("Something failed.");
});
