import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emptyConversation } from "../../src/chat/conversation";
import { entriesOf, groupEntries } from "../../src/features/conversations/grouping";
import { keepNewest } from "../../src/features/conversations/keep_offline";
import { searchKept } from "../../src/features/conversations/kept_search";
import { piecesOf } from "../../src/features/conversations/marks";
import { serverHistory } from "../../src/features/conversations/server_history";
import { answered, turnOf } from "../builders";
import { conversationServer, servedTurn, summaryOf } from "../conversation_server";
import { memoryArchive } from "../memory_archive";
import { scriptedApi } from "../scripted_api";

describe("the list", () => {
  const noon = new Date(2026, 10, 21, 12).getTime();
  const day = 24 * 60 * 60 * 1_000;

  it("has pinned ones first, then groups by day, the newest first", () => {
    const items = [
      summaryOf("old", { updated_at: noon - 60 * day }),
      summaryOf("pinned", { updated_at: noon - 90 * day, pinned: true }),
      summaryOf("now", { updated_at: noon }),
      summaryOf("dawn", { updated_at: noon - 11 * 60 * 60 * 1_000 }),
      summaryOf("eve", { updated_at: noon - 13 * 60 * 60 * 1_000 }),
      summaryOf("week", { updated_at: noon - 5 * day }),
      summaryOf("month", { updated_at: noon - 20 * day }),
    ];
    const groups = groupEntries(entriesOf(items, []), noon);
    expect(groups.map(({ label, entries }) => [label, entries.map(({ key }) => key)])).toEqual([
      ["Pinned", ["pinned"]],
      ["Today", ["now", "dawn"]],
      ["Yesterday", ["eve"]],
      ["Previous 7 days", ["week"]],
      ["Previous 30 days", ["month"]],
      ["Older", ["old"]],
    ]);
  });

  it("shows what the server does not list yet, titled as the server will", () => {
    const question = `What does  the\nutility pay, ${"each month ".repeat(8)}`;
    const open = [
      { key: "m1", id: null, question, askedAt: noon },
      { key: "c1", id: "c1", question: "listed", askedAt: noon },
    ];
    const [fresh, listed] = entriesOf([summaryOf("c1")], open);
    expect(fresh).toMatchObject({ key: "m1", isKnown: false });
    expect(fresh?.title).toBe("What does the utility pay, each month each month each month…");
    expect(listed).toMatchObject({ key: "c1", title: "Title of c1", isKnown: true });
  });
});

describe("marks", () => {
  it("cut an excerpt where they are, counting characters and not code units", () => {
    const pieces = piecesOf("⚡️ wind 𝟚 sun", [[3, 7]]);
    expect(pieces.filter(({ isMarked }) => isMarked).map(({ text }) => text)).toEqual(["wind"]);
  });

  it("never lose or repeat a character, whatever they are", () => {
    const mark = fc.tuple(fc.integer({ min: -5, max: 40 }), fc.integer({ min: -5, max: 40 }));
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 20 }), fc.array(mark), (text, marks) => {
        expect(
          piecesOf(text, marks)
            .map((piece) => piece.text)
            .join(""),
        ).toBe(text);
      }),
    );
  });
});

describe("searching what is kept", () => {
  const kept = [
    {
      ...emptyConversation,
      key: "c1",
      turns: [turnOf("m1", { question: "How long?", ...answered("a1", "Fifteen Years of wind.") })],
    },
    { ...emptyConversation, key: "c2", turns: [turnOf("m2", { question: "Wind years?" })] },
  ];

  it("finds questions and answers that have every word, in any case", () => {
    const hits = searchKept(kept, "  WIND years ");
    expect(hits.map(({ conversation_id, where }) => [conversation_id, where])).toEqual([
      ["c1", "answer"],
      ["c2", "question"],
    ]);
    const [hit] = hits;
    const marked = piecesOf(hit?.excerpt ?? "", hit?.marks ?? []).filter((piece) => piece.isMarked);
    expect(marked.map(({ text }) => text)).toEqual(["Years", "wind"]);
    expect(searchKept(kept, "solar")).toEqual([]);
    expect(searchKept(kept, "  ")).toEqual([]);
  });
});

describe("reading offline", () => {
  it("keeps the newest conversations that this browser does not have whole", async () => {
    const server = conversationServer("c1", "c2", "c3");
    const api = scriptedApi(server.routes);
    const archive = memoryArchive();
    await archive.save({
      ...emptyConversation,
      key: "c1",
      id: "c1",
      turns: [turnOf("m1", answered("a-c1"))],
    });
    const busy = server.items.map((item) =>
      item.conversation_id === "c3" ? { ...item, active_answer: "a-c3" } : item,
    );
    await keepNewest(archive, serverHistory(api.client), busy);
    expect(api.requests).toEqual(["GET /conversations/c2"]);
    expect((await archive.load("c2"))?.turns[0]?.answer).toMatchObject({
      text: "about c2",
      verified: true,
    });
  });

  it("stops where the server does not answer", async () => {
    const server = conversationServer("c1", "c2");
    server.isAway = true;
    const api = scriptedApi(server.routes);
    await keepNewest(memoryArchive(), serverHistory(api.client), server.items);
    expect(api.requests).toEqual(["GET /conversations/c1"]);
  });
});

describe("the server's conversations", () => {
  it("come with their branches and judgements", async () => {
    const server = conversationServer("c1");
    const feedback = { rating: "up" as const, reason: null, comment: null };
    server.turns.set("c1", [
      servedTurn("a1", "first"),
      servedTurn("a2", "so", { parent: "a1", asked_at: 7, feedback }),
    ]);
    const found = await serverHistory(scriptedApi(server.routes).client).load("c1");
    expect(found).toMatchObject({
      kind: "found",
      turns: [
        { answerId: "a1", parent: null, feedback: null },
        { answerId: "a2", parent: "a1", askedAt: 7, feedback: { rating: "up" } },
      ],
    });
  });

  it("are missing where there are none, unreachable where nobody answers", async () => {
    const server = conversationServer();
    const history = serverHistory(scriptedApi(server.routes).client);
    expect(await history.load("c1")).toEqual({ kind: "missing" });
    server.isAway = true;
    expect(await history.load("c1")).toEqual({ kind: "unreachable" });
  });
});
