import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { shownText } from "../../src/chat/answer";
import { createVault } from "../../src/chat/vault";
import type { ClientMessage } from "../../src/protocol/wire";
import { createRig, digest, memoryStorage, type Rig } from "../builders";
import { type Golden, goldenStreams } from "../golden";

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => vi.useRealTimers());

/** Short-form questions carry no id of their own; the server derives one and tells it. */
function questionIds({ lines }: Golden): string[] {
  const named = lines.flatMap((line) =>
    "client" in line && line.client.action === "message" ? [line.client.client_msg_id ?? null] : [],
  );
  const told = lines.flatMap((line) =>
    "server" in line && line.server.type === "accepted" ? [String(line.server.client_msg_id)] : [],
  );
  return [...new Set(named.map((id) => id ?? told[0] ?? ""))];
}

async function perform(rig: Rig, message: ClientMessage): Promise<void> {
  switch (message.action) {
    case "hello":
      if (rig.transport.peers.length === 0) rig.session.start();
      else {
        rig.peer().cut();
        await vi.advanceTimersByTimeAsync(1_000);
      }
      return rig.peer().accept();
    case "message": {
      const question = message.text ?? message.data ?? "";
      const known = rig.session.view().chat.turns.some((turn) => turn.question === question.trim());
      return known ? undefined : rig.session.ask(question, { fresh: message.fresh });
    }
    case "cancel":
      return rig.session.stop();
    default:
      return;
  }
}

describe("every golden stream", () => {
  it.each(goldenStreams().filter(({ name }) => name !== "rejected-empty"))(
    "$name",
    async (golden) => {
      const vault = createVault(memoryStorage(), () => "client-5d2e");
      const rig = createRig({ vault, ids: questionIds(golden) });
      const expected: ClientMessage[] = [];
      for (const line of golden.lines) {
        if ("client" in line) {
          await perform(rig, line.client);
          expected.push(line.client);
          expect(rig.sent().map(gist)).toEqual(expected.map(gist));
        } else rig.say(line.server);
      }

      const { turns } = rig.session.view().chat;
      const answers = turns.flatMap(({ answer }) => (answer === null ? [] : [answer]));
      expect(
        answers.map((answer) => ({
          answer_id: answer.id,
          epoch: answer.epoch,
          state: answer.state,
          text: answer.text,
          sha256: digest(answer.text),
          sources: answer.sources.map(({ id }) => id),
        })),
      ).toEqual(golden.expect.answers);
      for (const answer of answers) {
        expect(answer.verified).toBe(true);
        expect(shownText(answer).startsWith(answer.text)).toBe(true);
      }
      const refused = turns.flatMap(({ clientMsgId, refusal }) =>
        refusal === null ? [] : [{ client_msg_id: clientMsgId, code: refusal.code }],
      );
      expect(refused).toEqual(golden.expect.rejected ?? []);
      const resumes = rig.sent().filter(({ action }) => action === "resume");
      expect(resumes).toHaveLength(golden.expect.resumes);
    },
  );

  it("an empty question is never sent", () => {
    const rig = createRig();
    rig.session.start();
    rig.greet();
    rig.session.ask("   ");
    expect(rig.sent().map(({ action }) => action)).toEqual(["hello"]);
    expect(rig.session.view().chat.turns).toEqual([]);
  });
});

/** What must agree: the kind of message and the place it asks for. */
function gist(message: ClientMessage): unknown {
  switch (message.action) {
    case "resume":
      return [message.action, message.answer_id, message.epoch ?? 0, message.after_seq ?? 0];
    case "cancel":
      return [message.action, message.answer_id];
    case "message":
      return [message.action, message.text ?? message.data, message.conversation_id ?? null];
    default:
      return [message.action];
  }
}
