import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newAnswer } from "../../src/chat/answer";
import {
  arrange,
  type Conversation,
  choose,
  emptyConversation,
  reveal,
  type Turn,
  wireParent,
} from "../../src/chat/conversation";
import { answered, turnOf } from "../builders";

const of = (...turns: Turn[]): Conversation => ({ ...emptyConversation, key: "c", id: "c", turns });
const path = (conversation: Conversation) =>
  arrange(conversation).path.map(({ clientMsgId }) => clientMsgId);

/** a - b - c, and beside b an edited b2 with its own follow-up d. */
const forked = of(
  turnOf("a", answered("A")),
  turnOf("b", { parent: "a", ...answered("B") }),
  turnOf("c", { parent: "b", ...answered("C") }),
  turnOf("b2", { parent: "a", ...answered("B2") }),
  turnOf("d", { parent: "b2", ...answered("D") }),
);

describe("branches", () => {
  it("show the one with the newest turn, and where it stands", () => {
    expect(path(forked)).toEqual(["a", "b2", "d"]);
    expect([...arrange(forked).forks]).toEqual([
      ["b2", { position: 2, count: 2, previous: "b", next: null }],
    ]);
  });

  it("show the one that is chosen, and keep what was chosen within it", () => {
    const chosen = choose(forked, "b");
    expect(path(chosen)).toEqual(["a", "b", "c"]);
    expect(path(choose(chosen, "b2"))).toEqual(["a", "b2", "d"]);
    expect(choose(chosen, "b")).toBe(chosen);
    expect(choose(chosen, "unknown")).toBe(chosen);
  });

  it("can be shown from any turn in them", () => {
    expect(path(reveal(choose(forked, "b"), "d"))).toEqual(["a", "b2", "d"]);
    expect(path(reveal(forked, "c"))).toEqual(["a", "b", "c"]);
    expect(reveal(forked, "unknown")).toBe(forked);
  });

  it("an older branch that goes on is the newest again", () => {
    const later = of(...forked.turns, turnOf("e", { parent: "c" }));
    expect(path(later)).toEqual(["a", "b", "c", "e"]);
  });

  it("what follows a question that was taken back follows what that one followed", () => {
    const turns = [
      turnOf("a", answered("A")),
      turnOf("gone", { parent: "a", withdrawn: true }),
      turnOf("b", { parent: "gone" }),
    ];
    expect(path(of(...turns))).toEqual(["a", "b"]);
    expect(path(of(turnOf("gone", { withdrawn: true })))).toEqual([]);
  });

  it("end, whatever the parents are: unknown, or in a circle", () => {
    const key = fc.constantFrom("a", "b", "c", "d", "e");
    const turn = fc.record({
      clientMsgId: key,
      parent: fc.option(fc.oneof(key, fc.constant("unknown"))),
      withdrawn: fc.boolean(),
    });
    const turns = fc.uniqueArray(turn, { selector: ({ clientMsgId }) => clientMsgId });
    const picks = fc.array(fc.tuple(fc.option(key), key));
    fc.assert(
      fc.property(turns, picks, (some, chosen) => {
        const conversation = {
          ...of(...some.map(({ clientMsgId, ...more }) => turnOf(clientMsgId, more))),
          chosen: new Map(chosen),
        };
        const shown = path(conversation);
        expect(new Set(shown).size).toBe(shown.length);
        for (const { clientMsgId } of conversation.turns) {
          const visible = path({ ...conversation, chosen: new Map() }).length > 0;
          const revealed = path(reveal(conversation, clientMsgId));
          expect(new Set(revealed).size).toBe(revealed.length);
          expect(revealed.length > 0).toBe(visible);
        }
      }),
    );
  });
});

describe("what a question follows on the wire", () => {
  const ask = (conversation: Conversation, parent: string | null) => {
    const turn = turnOf("new", { parent });
    return wireParent({ ...conversation, turns: [...conversation.turns, turn] }, turn);
  };

  it("is the answer above it", () => {
    expect(ask(forked, "d")).toBe("D");
    expect(ask(forked, "a")).toBe("A");
  });

  it("is root for a new beginning, and left open where the page knows nothing", () => {
    expect(ask(forked, null)).toBe("root");
    expect(ask(of(), null)).toBeUndefined();
  });

  it("is the nearest answer above a question that was refused", () => {
    const refused = { code: "busy", message: "?", retryAt: null };
    const turns = [turnOf("a", answered("A")), turnOf("no", { parent: "a", refusal: refused })];
    expect(ask(of(...turns), "no")).toBe("A");
    expect(ask(of(turnOf("no", { refusal: refused })), "no")).toBeUndefined();
  });

  it("is an answer that still runs, too", () => {
    expect(ask(of(turnOf("a", { answer: newAnswer("A") })), "a")).toBe("A");
  });
});
