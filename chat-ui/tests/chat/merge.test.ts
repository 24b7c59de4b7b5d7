/** Copies of a conversation can be joined in any order, any number of times: nothing is lost. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Answer, closeLocally, newAnswer, stopAnswer } from "../../src/chat/answer";
import { type Conversation, emptyConversation, type Turn } from "../../src/chat/conversation";
import { furthest, mergeConversations, withoutTwins } from "../../src/chat/merge";
import { fromStored } from "../../src/chat/stored";
import { answered, digest, endOf, turnOf } from "../builders";

const of = (...turns: Turn[]): Conversation => ({ ...emptyConversation, key: "c", id: "c", turns });

/** What the whole text of answer `id` is; copies know more or less of it. */
const WHOLE: Readonly<Record<string, string>> = { A: "one two three", B: "four five", C: "six" };

const knowledge = (id: string): fc.Arbitrary<Answer | null> => {
  const text = WHOLE[id] ?? "";
  const part = fc.nat(text.length).map((seq) => ({
    ...newAnswer(id),
    epoch: 1,
    seq,
    text: text.slice(0, seq),
    state: "streaming" as const,
  }));
  const end = endOf(id, text, { last_seq: text.length });
  const complete: Answer = {
    ...newAnswer(id),
    epoch: 1,
    seq: text.length,
    text,
    end,
    state: "done",
    verified: true,
  };
  return fc.oneof(
    fc.constant(null),
    part,
    part.map(stopAnswer),
    part.map((answer) => closeLocally(answer, "error")),
    fc.constant(complete),
  );
};

/** A copy of the same three turns, each named by this page's id or by the server's. */
const copy: fc.Arbitrary<Conversation> = fc
  .tuple(
    fc.subarray(["A", "B", "C"]),
    fc.record({ A: knowledge("A"), B: knowledge("B"), C: knowledge("C") }),
    fc.record({ A: fc.boolean(), B: fc.boolean(), C: fc.boolean() }),
  )
  .map(([present, known, fromServer]) => {
    const name = (id: "A" | "B" | "C") =>
      fromServer[id] && known[id] !== null ? id : `m-${id.toLowerCase()}`;
    const above = { A: null, B: "A", C: "B" } as const;
    const turns = (present as ("A" | "B" | "C")[]).map((id, index) => {
      const parent = above[id];
      return turnOf(name(id), {
        parent: parent === null ? null : name(parent),
        answer: known[id],
        askedAt: index + (id === "A" ? 0 : id === "B" ? 10 : 20),
      });
    });
    return of(...turns);
  });

/** Everything that must agree between copies, without the names that each gave to turns. */
const gist = ({ turns }: Conversation) =>
  turns
    .map(({ answer }) => answer)
    .filter((answer) => answer !== null)
    .map(({ id, seq, text, end, verified }) => [id, seq, text, end?.state, verified])
    .sort();

describe("joining copies", () => {
  it("again changes nothing, and gives the very same object", () => {
    fc.assert(
      fc.property(copy, copy, (one, two) => {
        const joined = mergeConversations(one, two);
        expect(mergeConversations(joined, two)).toBe(joined);
        expect(mergeConversations(one, one)).toBe(one);
      }),
    );
  });

  it("ends with the same knowledge in whichever order", () => {
    fc.assert(
      fc.property(
        fc.array(copy, { minLength: 1, maxLength: 4 }),
        fc.infiniteStream(fc.nat()),
        (copies, random) => {
          const shuffled = [...copies].sort(() => ((random.next().value ?? 0) % 3) - 1);
          const join = (all: readonly Conversation[]) => all.reduce(mergeConversations, of());
          expect(gist(join(shuffled))).toEqual(gist(join(copies)));
        },
      ),
    );
  });

  it("never loses a turn, a word or an end", () => {
    fc.assert(
      fc.property(copy, copy, (one, two) => {
        const joined = new Map(
          mergeConversations(one, two).turns.map(({ answer }) => [answer?.id, answer]),
        );
        for (const { answer } of [...one.turns, ...two.turns]) {
          if (answer === null) continue;
          const known = joined.get(answer.id);
          expect(known).toBeDefined();
          if (answer.verified) expect(known?.verified).toBe(true);
          if (answer.end !== null) expect(known?.end).not.toBeNull();
          expect(known?.seq).toBeGreaterThanOrEqual(answer.seq);
        }
      }),
    );
  });
});

describe("the copy of an answer that knows more", () => {
  const open = { ...newAnswer("A"), epoch: 1, seq: 2, text: "on" };
  it("is the one of the higher epoch, then of the higher seq", () => {
    expect(furthest(open, { ...open, seq: 1, text: "o" })).toBe(open);
    const taken = { ...open, epoch: 2, seq: 0, text: "" };
    expect(furthest(open, taken)).toBe(taken);
  });

  it("is the server's end rather than this page's own", () => {
    const given = closeLocally(open, "error", { code: "x", message: "x", retryable: true });
    const ended = { ...open, end: endOf("A", "one"), verified: false };
    expect(furthest(given, ended)).toBe(ended);
    expect(furthest(ended, given)).toBe(ended);
  });

  it("keeps the words of an answer that another page has given up", () => {
    const given = closeLocally({ ...open, seq: 1, text: "o" }, "cancelled");
    expect(furthest(given, open)).toMatchObject({ text: "on", state: "cancelled" });
    expect(furthest(open, given)).toMatchObject({ text: "on", state: "cancelled" });
  });

  it("was stopped if either was", () => {
    expect(furthest(open, stopAnswer({ ...open, seq: 1 })).stopped).toBe(true);
  });
});

describe("the server's copy", () => {
  const served = (answerId: string, text: string, parent: string | null = null) => ({
    answerId,
    parent,
    question: `about ${answerId}`,
    askedAt: 1,
    state: "done" as const,
    text,
    sources: [],
    end: endOf(answerId, text, { last_seq: 3 }),
    feedback: null,
  });

  it("is checked against its hash", () => {
    const [good, bad] = fromStored(
      "c",
      [served("A", "one"), { ...served("B", "two"), text: "tw" }],
      digest,
    ).turns;
    expect(good?.answer).toMatchObject({ text: "one", state: "done", verified: true });
    expect(bad?.answer).toMatchObject({ text: "tw", verified: false });
  });

  it("shows what is stored of a running answer, to be resumed from its first frame", () => {
    const running = { ...served("A", "half"), state: "streaming" as const, end: null };
    const answer = fromStored("c", [running], digest).turns[0]?.answer;
    expect(answer).toMatchObject({ text: "", earlier: "half", seq: 0, epoch: 0, end: null });
  });

  it("keeps the identity that this page gave a turn, also for what follows it", () => {
    const mine = of(turnOf("m1", answered("A")));
    const joined = mergeConversations(
      mine,
      fromStored("c", [served("A", "one"), served("B", "two", "A")], digest),
    );
    expect(joined.turns.map(({ clientMsgId, parent }) => [clientMsgId, parent])).toEqual([
      ["m1", null],
      ["B", "m1"],
    ]);
  });

  it("that came before this page's own question was accepted is the same turn", () => {
    const twins = of(
      turnOf("m1", { answer: newAnswer("A") }),
      turnOf("A", { ...answered("A"), feedback: { rating: "up" } }),
      turnOf("B", { parent: "A", ...answered("B") }),
    );
    const single = withoutTwins(twins);
    expect(single.turns.map(({ clientMsgId, parent }) => [clientMsgId, parent])).toEqual([
      ["m1", null],
      ["B", "m1"],
    ]);
    expect(single.turns[0]).toMatchObject({
      answer: { verified: true },
      feedback: { rating: "up" },
    });
  });
});
