// @vitest-environment happy-dom
import { cleanup, screen, waitFor, within } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { indexOfPlace } from "../../src/features/documents/place";
import { chunkOf, documentOf, documentPage, documentSummary } from "../api_builders";
import { NO_CONVERSATIONS, problem, type Reply, scriptedApi } from "../scripted_api";
import { freshBrowser, openPage } from "./page";

afterEach(cleanup);

function openAt(address: string, routes: Readonly<Record<string, Reply>>) {
  const kept = freshBrowser();
  window.history.replaceState(null, "", address);
  const api = scriptedApi({ ...NO_CONVERSATIONS, ...routes });
  return { api, ...openPage(kept, [], api) };
}

const tariffs = documentSummary("tariffs/2025 plan.md", { title: "Tariff Book 2025" });
const hedge = documentSummary("hedge.md", { title: "Hedge Position", groups: ["finance"] });

it("lists what is indexed with the corpus version, and narrows it by a search", async () => {
  const { api, user } = openAt("/documents", {
    "GET /documents": ({ url }) =>
      documentPage(url.searchParams.get("q") === "hedge" ? [hedge] : [tariffs, hedge]),
  });
  const list = await screen.findByRole("list", { name: "Documents" });
  const rows = within(list).getAllByRole("listitem");
  expect(rows.map(({ textContent }) => textContent)).toEqual([
    "Tariff Book 2025Markdown · 3 passages · 1,200 characters · 3 Mar 2025",
    "Hedge PositionMarkdown · 3 passages · 1,200 characters · 3 Mar 2025finance",
  ]);
  expect(screen.getByText("0123456789ab")).toBeTruthy();
  await user.type(screen.getByRole("searchbox", { name: "Find documents" }), "hedge");
  await waitFor(() => expect(screen.queryByText("Tariff Book 2025")).toBeNull());
  expect(api.requests.at(-1)).toBe("GET /documents?q=hedge&limit=50");
  expect(window.location.search).toBe("?q=hedge");
});

it("goes on with the next page of the list near its end", async () => {
  openAt("/documents", {
    "GET /documents": ({ url }) =>
      url.searchParams.get("cursor") === "2" ? documentPage([hedge]) : documentPage([tariffs], "2"),
  });
  expect(await screen.findByText("Hedge Position")).toBeTruthy();
  expect(screen.getByText("Tariff Book 2025")).toBeTruthy();
});

it("nothing found, and nothing indexed, are told apart", async () => {
  const { user } = openAt("/documents?q=zzz", { "GET /documents": () => documentPage([]) });
  expect(await screen.findByText("No document matches “zzz”")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Clear the search" }));
  expect(await screen.findByText("No documents yet")).toBeTruthy();
});

it("a list that cannot be read says why, and is read again on request", async () => {
  let up = false;
  const { user } = openAt("/documents", {
    "GET /documents": () =>
      up ? documentPage([tariffs]) : problem(503, "index_away", "The index is being rebuilt."),
  });
  expect((await screen.findByRole("alert")).textContent).toContain("The index is being rebuilt.");
  up = true;
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("Tariff Book 2025")).toBeTruthy();
});

it("a document opens with its passages, also by an address with slashes in its id", async () => {
  const { api, user } = openAt("/documents", {
    "GET /documents": () => documentPage([tariffs]),
    "GET /documents/*": ({ url }) =>
      url.pathname.endsWith("/chunks")
        ? {
            items: [
              chunkOf(0, "The price is 31 cents."),
              chunkOf(1, "| Hour | Price |\n| 17 | 31 |", { section: "Prices > Peak", page: 4 }),
            ],
            next_cursor: null,
          }
        : documentOf("tariffs/2025 plan.md", {
            title: "Tariff Book 2025",
            url: "https://docs.example.com/tariffs",
            chunk_count: 2,
          }),
  });
  await user.click(await screen.findByRole("link", { name: /Tariff Book 2025/ }));
  expect(await screen.findByRole("heading", { name: "Tariff Book 2025", level: 1 })).toBeTruthy();
  expect(window.location.pathname).toBe("/documents/tariffs%2F2025%20plan.md");
  expect(api.requests).toContain("GET /documents/tariffs%2F2025%20plan.md");
  const second = await screen.findByRole("article", { name: "Passage 2" });
  expect(second.textContent).toContain("p. 4 · Prices › Peak");
  expect(within(second).getByRole("columnheader", { name: "Price" })).toBeTruthy();
  const original = screen.getByRole("link", { name: /Open the original/ });
  expect(original.getAttribute("href")).toBe("https://docs.example.com/tariffs");
});

it("a passage that an address leads to is marked, and fetched however far it is", async () => {
  const { api } = openAt("/documents/long.md?passage=chunk-250", {
    "GET /documents/*": ({ url }) => {
      if (!url.pathname.endsWith("/chunks")) return documentOf("long.md", { chunk_count: 300 });
      const from = Number(url.searchParams.get("cursor") ?? 0);
      const items = Array.from({ length: 100 }, (_, index) =>
        chunkOf(from + index, `Text ${from + index}.`),
      );
      return { items, next_cursor: from + 100 < 300 ? String(from + 100) : null };
    },
  });
  await waitFor(() => expect(api.requests.at(-1)).toContain("cursor=200"));
  cleanup();
  openAt("/documents/short.md?passage=1", {
    "GET /documents/*": ({ url }) =>
      url.pathname.endsWith("/chunks")
        ? { items: [chunkOf(0, "First."), chunkOf(1, "Second.")], next_cursor: null }
        : documentOf("short.md", { chunk_count: 2 }),
  });
  const passage = await screen.findByRole("article", { name: "Passage 2" });
  expect(passage.getAttribute("aria-current")).toBe("true");
  const other = screen.getByRole("article", { name: "Passage 1" });
  expect(other.hasAttribute("aria-current")).toBe(false);
});

it.each([
  [{ passage: "2" }, 2],
  [{ passage: "chunk-1" }, 1],
  [{ passage: "9" }, -1],
  [{ start: 0 }, 0],
  [{ start: 150 }, 1],
  [{ start: 999 }, -1],
])("the place %j is passage number %s", (place, index) => {
  const chunks = [0, 1, 2].map((n) => chunkOf(n, "Text."));
  expect(indexOfPlace(chunks, place)).toBe(index);
});

it("a document that is gone says so, and leads to the others", async () => {
  openAt("/documents/gone.md", {});
  expect(await screen.findByText("There is no such document")).toBeTruthy();
  const others = screen.getByRole("link", { name: "See all documents" });
  expect(others.getAttribute("href")).toBe("/documents");
});
