"""What a network, a browser and a hurried person do to an answer."""

from __future__ import annotations

import asyncio
import json

import aiohttp

from copilot.wire import Accepted, Cancel, End, Error, encode_client
from local.client.chat_client import ChatClient, Refused
from tests.fault.matrix.case import case
from tests.fault.matrix.run import Asked, Run, Watched, text_of


async def streaming(run: Run, client: ChatClient, words: int = 60) -> tuple[Asked, Watched]:
    """An answer of which some text has arrived."""
    script = run.words(words)
    asked = run.question(script)
    accepted = await run.ask(client, asked)
    transcript = run.read(accepted.answer_id, text=text_of(script))
    await run.until(client, transcript, run.random.randint(1, words // 2))
    return asked, transcript


def frames(kind: str, answer_id: str) -> str:
    """What the frames of one kind of one answer hold."""
    return f'"type":"{kind}","answer_id":"{answer_id}"'


@case("1", "TCP reset in mid-answer")
async def tcp_reset(run: Run) -> None:
    async with run.client() as client:
        asked, transcript = await streaming(run, client)
        run.strike()
        client.cut()
        await run.follow(client, transcript)
    run.expect(len(run.served(asked)) == 1, "the model was asked more than once")


@case("2", "the same 20 times in one answer")
async def twenty_resets(run: Run) -> None:
    async with run.client() as client:
        script = run.words(150)
        asked = run.question(script)
        accepted = await run.ask(client, asked)
        transcript = run.read(accepted.answer_id, text=text_of(script))
        for _ in range(20):
            await run.until(client, transcript, len(transcript.text.split()) + 3)
            run.strike()
            client.cut()
            await run.reconnect(client)
            await client.resume(transcript)
        await run.follow(client, transcript)
    run.expect(len(run.served(asked)) == 1, "the model was asked more than once")


@case("3", "the final end is dropped")
async def lost_end(run: Run) -> None:
    async with run.client() as client:
        _, transcript = await streaming(run, client, 30)
        run.stack.fault("drop", contains=frames("end", transcript.answer_id))
        run.strike()
        await run.follow(client, transcript)


@case("4", "a random delta is dropped")
async def lost_delta(run: Run) -> None:
    async with run.client() as client:
        _, transcript = await streaming(run, client)
        run.stack.fault(
            "drop",
            contains=frames("delta", transcript.answer_id),
            skip=run.random.randint(0, 4),
            times=run.random.randint(1, 2),
        )
        run.strike()
        await run.follow(client, transcript)


@case("5", "frames are reordered and doubled")
async def reordered(run: Run) -> None:
    async with run.client() as client:
        _, transcript = await streaming(run, client)
        for kind in ("hold", "duplicate", "delay"):
            run.stack.fault(
                kind,
                contains=f'"answer_id":"{transcript.answer_id}"',
                probability=run.random.uniform(0.2, 0.6),
                times=8,
                ms=30,
            )
        run.strike()
        await run.follow(client, transcript)


@case("6", "reconnect during a snapshot")
async def cut_in_snapshot(run: Run) -> None:
    async with run.client() as client:
        _, transcript = await streaming(run, client)
        run.stack.fault("reset", contains=frames("snapshot", transcript.answer_id), times=2)
        client.cut()
        run.strike()
        await run.follow(client, transcript)


@case("7", "page reload and a second tab")
async def two_tabs(run: Run) -> None:
    async with run.client() as first, run.client(first.client_id) as second:
        _, transcript = await streaming(run, first)
        other = run.read(transcript.answer_id)
        await second.resume(other)
        run.strike()
        run.readings.pop(0)  # That page is gone; what replaces it counts.
        first.cut()
        async with run.client(first.client_id) as third:
            reloaded = run.read(transcript.answer_id)
            await third.resume(reloaded)
            await asyncio.gather(run.follow(second, other), run.follow(third, reloaded))


@case("12", "the same message five times, on several sockets at once")
async def five_times(run: Run) -> None:
    script = run.words(30)
    asked = run.question(script)
    async with run.client() as one, run.client(one.client_id) as two:
        run.strike()
        accepted = await asyncio.gather(*(_ask_thrice(run, tab, asked) for tab in (one, two)))
        answers = {a.answer_id for several in accepted for a in several}
        run.expect(len(answers) == 1, f"{len(answers)} answers for one message")
        transcripts = [run.read(min(answers), text=text_of(script)) for _ in range(2)]
        await asyncio.gather(run.follow(one, transcripts[0]), run.follow(two, transcripts[1]))
    run.expect(len(run.served(asked)) == 1, "the model was asked more than once")


async def _ask_thrice(run: Run, client: ChatClient, asked: Asked) -> list[Accepted]:
    return [await run.ask(client, asked) for _ in range(3)]


@case("13", "the same id with another text")
async def same_id(run: Run) -> None:
    async with run.client() as client:
        asked, transcript = await streaming(run, client)
        other = Asked(marker=asked.marker, text=asked.text + "?", message_id=asked.message_id)
        run.strike()
        try:
            await run.ask(client, other)
            run.problem("another text was accepted under the same id")
        except Refused as refused:
            run.expect(refused.rejected.code == "idempotency_conflict", str(refused))
        await run.follow(client, transcript)


@case("22", "410 on every push for a while")
async def gone(run: Run) -> None:
    async with run.client() as client:
        _, transcript = await streaming(run, client)
        run.stack.fault(
            "refuse",
            status=410,
            contains=transcript.answer_id,
            times=run.random.randint(1, 8),
        )
        run.strike()
        await run.follow(client, transcript)


@case("23", "429 on pushes, and a reader that does not read")
async def slow_reader(run: Run) -> None:
    async with run.client() as client:
        _, transcript = await streaming(run, client)
        run.stack.fault(
            "refuse",
            status=429,
            contains=transcript.answer_id,
            times=run.random.randint(3, 12),
            probability=0.7,
        )
        run.strike()
        await asyncio.sleep(run.random.uniform(0.5, 3))
        await run.follow(client, transcript)


@case("24", "cancel before, during and after the answer")
async def cancel(run: Run) -> None:
    when = run.random.choice(("before", "during", "after"))
    script = run.words(60)
    async with run.client() as client:
        accepted = await run.ask(client, run.question(script))
        states = ("done",) if when == "after" else ("cancelled", "done")
        transcript = run.read(accepted.answer_id, states=states)
        if when == "during":
            await run.until(client, transcript, run.random.randint(1, 40))
        elif when == "after":
            await run.follow(client, transcript)
        run.strike()
        await client.send(encode_client(Cancel(answer_id=accepted.answer_id)))
        if when != "after":
            await run.follow(client, transcript)
            return
        again = await _next_end(client)
        run.expect(again == transcript.end, "a late cancel got another end than the stored one")
        run.verdict.recovery_s = 0.0


async def _next_end(client: ChatClient) -> End:
    while True:
        event = await client.receive(30)
        if isinstance(event, End):
            return event


@case("25", "a late cancel of the last answer while a new one runs")
async def late_cancel(run: Run) -> None:
    async with run.client() as client:
        script = run.words(5)
        first = await run.ask(client, run.question(script))
        done = run.read(first.answer_id, text=text_of(script))
        await run.follow(client, done)
        following = run.words(50)
        asked = run.question(following)
        run.model.script_for("standalone", run.words(1))
        second = await run.ask(client, asked, conversation_id=first.conversation_id)
        transcript = run.read(second.answer_id)
        await run.until(client, transcript, run.random.randint(1, 20))
        run.strike()
        await client.send(encode_client(Cancel(answer_id=first.answer_id)))
        await run.follow(client, transcript)


BAD_FRAMES: dict[str, str | bytes] = {
    "frame_too_large": json.dumps({"action": "message", "text": "x" * 33_000}),
    "binary_frame": b"\x00\x01",
    "bad_json": "{'no': json",
    "unknown_action": '{"action":"dance"}',
}


@case("26", "33 KB, binary, bad JSON, unknown action, 129 KB in mid-answer")
async def bad_frames(run: Run) -> None:
    async with run.client() as client:
        _, transcript = await streaming(run, client)
        order = list(BAD_FRAMES)
        run.random.shuffle(order)
        run.strike()
        for code in order:
            frame = BAD_FRAMES[code]
            await (client.send_binary(frame) if isinstance(frame, bytes) else client.send(frame))
            error = await _next_error(client, transcript)
            run.expect(error.code == code, f"{code} was answered with {error.code}")
        if run.random.random() < 0.5:
            await client.send("x" * 129 * 1024)  # It closes the socket; the answer goes on.
        await run.follow(client, transcript)


async def _next_error(client: ChatClient, transcript: Watched) -> Error:
    while True:
        event = await client.receive(30)
        if isinstance(event, Error):
            return event
        if getattr(event, "answer_id", None) == transcript.answer_id and hasattr(event, "epoch"):
            transcript.apply(event)  # type: ignore[arg-type]


@case("27a", "resume, cancel and follow-up of somebody else's answer")
async def somebody_elses(run: Run) -> None:
    async with run.client() as ann, run.client() as eve:
        asked, transcript = await streaming(run, ann)
        run.strike()
        for frame in (
            {"action": "resume", "answer_id": transcript.answer_id, "epoch": 0, "after_seq": 0},
            {"action": "cancel", "answer_id": transcript.answer_id},
        ):
            await eve.send(json.dumps(frame))
            event = await eve.receive(30)
            code = event.code if isinstance(event, Error) else type(event).__name__
            run.expect(code == "unknown_answer", f"{frame['action']} gave {code}")
        await run.follow(ann, transcript)
    run.expect(len(run.served(asked)) == 1, "the model was asked more than once")


@case("28", "2,000 clients drop at once and return with jitter", where="alone", runs=1)
async def thundering_herd(run: Run) -> None:
    async with run.client() as reader:
        _, transcript = await streaming(run, reader, 400)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            crowd = Crowd(run, session)
            await crowd.gather()
            run.strike()
            run.stack.reset_connections()
            await crowd.come_back()
        # The reader stands in the same queue; on a busy machine that takes its time.
        await reader.follow(transcript.answer_id, transcript=transcript, timeout_s=900)
        run.expect(crowd.back == crowd.SIZE, f"only {crowd.back} of {crowd.SIZE} came back")
        run.expect(
            crowd.fastest_second() <= crowd.CONNECTS_PER_SECOND,
            f"{crowd.fastest_second()} connected within one second",
        )


class Crowd:
    """Idle sockets that reconnect by the protocol's rule: full jitter of up to 20 seconds."""

    SIZE = 2_000
    CONNECTS_PER_SECOND = 500
    """API Gateway's default quota of new connections."""

    def __init__(self, run: Run, session: aiohttp.ClientSession) -> None:
        self._run = run
        self._session = session
        self._gate = asyncio.Semaphore(64)
        self._times: list[float] = []
        self._sockets: list[aiohttp.ClientWebSocketResponse] = []
        self.back = 0

    async def gather(self) -> None:
        self._sockets = list(await asyncio.gather(*(self._connect() for _ in range(self.SIZE))))

    async def come_back(self) -> None:
        await asyncio.gather(*(self._return(socket) for socket in self._sockets))

    def fastest_second(self) -> int:
        times = sorted(self._times)
        return max(sum(1 for at in times if start <= at < start + 1) for start in times)

    async def _connect(self) -> aiohttp.ClientWebSocketResponse:
        async with self._gate:
            return await self._session.ws_connect(self._run.stack.websocket_url)

    async def _return(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        await socket.receive()
        while True:
            await asyncio.sleep(self._run.random.uniform(0.5, 20))
            self._times.append(asyncio.get_running_loop().time())
            try:
                returned = await self._connect()
                await returned.send_str('{"action":"ping","t":1}')
                await returned.receive(timeout=60)
            except (OSError, TimeoutError, aiohttp.ClientError):
                continue
            self.back += 1
            await returned.close()
            return
