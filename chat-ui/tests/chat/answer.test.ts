import { expect, it } from "vitest";
import { applyFrame, newAnswer } from "../../src/chat/answer";
import type { Delta } from "../../src/protocol/wire";

const delta = (epoch: number, seq: number, text: string): Delta => ({
  type: "delta",
  answer_id: "a",
  epoch,
  seq,
  text,
});

it("a frame held beyond a gap never leaks into the next epoch", () => {
  const answer = [
    delta(1, 1, "old "),
    delta(1, 3, "LEAK"),
    delta(2, 1, "new "),
    delta(2, 2, "text "),
  ].reduce(applyFrame, newAnswer("a"));
  expect(answer).toMatchObject({ epoch: 2, seq: 2, text: "new text ", held: [] });
});

it("a page that overlaps what came live is cut at the right place", () => {
  const live = [delta(1, 1, "one "), delta(1, 2, "two ")].reduce(applyFrame, newAnswer("a"));
  const paged = applyFrame(live, {
    type: "snapshot",
    answer_id: "a",
    epoch: 1,
    from_seq: 2,
    to_seq: 3,
    text: "two three ",
    sources: [],
    state: "streaming",
    more: false,
  });
  expect(paged).toMatchObject({ seq: 3, text: "one two three " });
});
