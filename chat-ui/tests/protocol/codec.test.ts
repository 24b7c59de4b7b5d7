import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { createDecoder } from "../../src/protocol/codec";
import { goldenStreams } from "../golden";

const known = goldenStreams()
  .flatMap(({ lines }) => lines.flatMap((line) => ("server" in line ? [line.server] : [])))
  .filter(({ type }) => type !== "weather");

it("every event of the golden streams is understood", () => {
  const complain = vi.fn();
  const decode = createDecoder(complain);
  for (const event of known) expect(decode(JSON.stringify(event))).toEqual(event);
  expect(complain).not.toHaveBeenCalled();
});

it("unknown types are ignored and said once", () => {
  const complain = vi.fn();
  const decode = createDecoder(complain);
  for (let n = 0; n < 3; n += 1) expect(decode('{"type":"weather","celsius":21}')).toBeNull();
  expect(decode('{"type":"toString"}')).toBeNull();
  expect(complain.mock.calls).toEqual([
    ['Ignored an event of unknown type "weather".'],
    ['Ignored an event of unknown type "toString".'],
  ]);
});

it("fields that a newer server adds do no harm", () => {
  const decode = createDecoder(vi.fn());
  expect(decode('{"type":"pong","t":1,"mood":"good"}')).toMatchObject({ type: "pong", t: 1 });
});

it("an event with a field removed or of another type never reaches the page half-read", () => {
  const decode = createDecoder(vi.fn());
  const event = { type: "delta", answer_id: "a", epoch: 1, seq: 1, text: "x" };
  for (const field of ["answer_id", "epoch", "seq", "text"]) {
    expect(decode(JSON.stringify({ ...event, [field]: undefined }))).toBeNull();
    expect(decode(JSON.stringify({ ...event, [field]: { a: 1 } }))).toBeNull();
  }
});

it("no text whatever makes it throw", () => {
  const decode = createDecoder(vi.fn());
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (frame) => {
      decode(frame);
    }),
  );
});
