"""What is wrong around an answer: cache, clocks, disks, index, origins, limits of time."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import ExitStack
from pathlib import Path

import aiohttp

from copilot.redaction.patterns import KINDS
from copilot.wire import End
from local.client.chat_client import ChatClient
from local.options import ROOT
from tests.fault.matrix.bad_qdrant import BadQdrant
from tests.fault.matrix.case import Shell, case, stack
from tests.fault.matrix.network_cases import streaming
from tests.fault.matrix.run import Run, text_of
from tests.fault.matrix.stacks import UNLIMITED, FaultStack

IDLE_S, AGE_S, TIMEOUT_S = 5.0, 12.0, 14
"""Instead of ten minutes, two hours and the function's two minutes."""

ORIGIN = "https://chat.example.com"
WRONG_CLOCK = Path(__file__).parent / "wrong_clock"


@stack("short")
def short_stack(directory: Path, shell: Shell, undo: ExitStack) -> FaultStack:
    """Little time for everything, and a Qdrant that never answers well."""
    qdrant = undo.enter_context(BadQdrant())
    return FaultStack(
        directory,
        shell={**shell, "QDRANT_URL": qdrant.url},
        changes=[("      Timeout: !Ref InferenceTimeoutS\n", f"      Timeout: {TIMEOUT_S}\n")],
        arguments=["--idle-timeout", str(IDLE_S), "--connection-age", str(AGE_S)],
    )


@stack("odd")
def odd_stack(directory: Path, shell: Shell, undo: ExitStack) -> FaultStack:
    """Workers with wrong clocks and full disks."""
    index = (
        "          INDEX_CHECK_S: !Ref IndexCheckSeconds\n          MODEL_DIR: inference/model\n"
    )
    path = f"          PYTHONPATH: {WRONG_CLOCK}:{ROOT}\n"
    return FaultStack(
        directory, shell=shell, changes=[(index, index + path)], arguments=["--workers", "8"]
    )


@stack("broken")
def broken_stack(directory: Path, shell: Shell, undo: ExitStack) -> FaultStack:
    """An index that was cut off while it was copied, and a list of origins."""
    index = directory / "index"
    shutil.copytree(ROOT / "faiss_index", index)
    vectors = max(index.iterdir(), key=lambda file: file.stat().st_size)
    vectors.write_bytes(vectors.read_bytes()[: vectors.stat().st_size // 2])
    return FaultStack(
        directory,
        shell=shell,
        parameters={**UNLIMITED, "AllowedOrigins": ORIGIN},
        arguments=["--index", str(index)],
    )


@case("21", "eight seconds of the invocation are left", where="short")
async def out_of_time(run: Run) -> None:
    async with run.client() as client:
        script = run.words(400, delay_s=0.04)
        run.strike(to_end=True)
        accepted = await run.ask(client, run.question(script))
        transcript = run.read(accepted.answer_id, states=("truncated",))
        await run.follow(client, transcript)
    run.expect(text_of(script).startswith(transcript.text.strip()), "it is not a beginning")


@case("31", "idle ten minutes and two-hour age, on a scaled clock", where="short")
async def idle_and_old(run: Run) -> None:
    async with run.client() as client:
        try:
            await client.receive(IDLE_S * 10)
            run.problem("an idle socket was left open")
        except ConnectionResetError:
            await run.reconnect(client)
        pings = asyncio.create_task(_ping(client))
        await asyncio.sleep(AGE_S - run.random.uniform(0.5, 2.0))
        script = run.words(100, delay_s=0.04)
        asked = run.question(script)
        run.strike()
        accepted = await run.ask(client, asked)
        pings.cancel()
        transcript = run.read(accepted.answer_id, text=text_of(script))
        await run.follow(client, transcript)
    run.expect(len(run.served(asked)) == 1, "the model was asked more than once")


async def _ping(client: ChatClient) -> None:
    while True:
        await client.send('{"action":"ping","t":1}')
        await asyncio.sleep(IDLE_S / 4)


@case("32", "Qdrant is down, slow, of another dimension, full", where="short")
async def bad_qdrant(run: Run) -> None:
    script = run.words(20)
    async with run.client() as client:
        run.strike(to_end=True)
        accepted = await run.ask(client, run.question(script), fresh=False)
        transcript = run.read(accepted.answer_id, text=text_of(script))
        await run.follow(client, transcript)
    receipt = transcript.end and transcript.end.receipt
    run.expect(receipt and receipt.cache.decision == "bypass", "the cache was not passed by")
    run.expect(receipt and receipt.cache.reason, "the receipt does not say why")


@case("35", "clocks are off by up to 20 s, with two deliveries", where="odd")
async def wrong_clocks(run: Run) -> None:
    async with run.client() as client:
        _, transcript = await streaming(run, client)
        run.strike()
        run.readings[0].text = None  # A clock that runs ahead takes an answer from its owner.
        run.stack.send("QuestionQueue", transcript.answer_id)
        await run.follow(client, transcript)


@case("36a", "the disks of the workers are full", where="odd")
async def full_disk(run: Run) -> None:
    async with run.client() as client:
        run.strike(to_end=True)
        accepted = await run.ask(client, run.question(run.words(30)))
        transcript = run.read(accepted.answer_id)
        await run.follow(client, transcript)
    log = run.stack.state_directory / "logs" / "InferenceFunction.log"
    said = log.read_bytes()
    run.expect(b"no byte can be written to the disk" in said, "a worker could write to the disk")


@case("36b", "an index file is truncated at the start", where="broken", runs=2)
async def truncated_index(run: Run) -> None:
    async with run.client(origin=ORIGIN) as client:
        run.strike(to_end=True)
        accepted = await run.ask(client, run.question(run.words(5)))
        transcript = run.read(accepted.answer_id, states=("error",), text="")
        await run.follow(client, transcript)
    end: End | None = transcript.end
    code = end.error.code if end and end.error else None
    run.expect(code == "index_unusable", f"the error is {code}")


@case("27b", "a wrong and a missing Origin", where="broken", runs=2)
async def wrong_origin(run: Run) -> None:
    async with aiohttp.ClientSession() as session:
        for origin in ("https://evil.example.com", "null", ORIGIN + ".evil.example.com", None):
            try:
                async with session.ws_connect(run.stack.websocket_url, origin=origin):
                    run.problem(f"the origin {origin} was let in")
            except aiohttp.WSServerHandshakeError as error:
                run.expect(error.status == 403, f"the origin {origin} got {error.status}")


@case("30a", "personal data split at every character of the stream")
async def personal_data(run: Run) -> None:
    secrets = ("4111 1111 1111 1111", "ann@example.com", "DE89 3704 0044 0532 0130 00")
    secret = run.random.choice(secrets)
    script = run.words(3)
    said = f"{text_of(script)}{secret} {text_of(run.words(3))}"
    pieces = tuple(said) if run.random.random() < 0.5 else _split(run, said)
    run.expect(KINDS, "nothing is redacted")
    async with run.client() as client:
        run.strike()
        asked = run.question(run.words(1, first_delay_s=0.0))
        run.model.script_for(asked.marker, type(script)(tokens=pieces, delay_s=0.01))
        accepted = await run.ask(client, asked)
        transcript = run.read(accepted.answer_id)
        await run.follow(client, transcript)
    run.expect(secret not in transcript.text, "personal data came through")
    run.expect(transcript.text.startswith(script.tokens[0]), "the rest did not come through")


def _split(run: Run, text: str) -> tuple[str, ...]:
    cut = run.random.randint(1, len(text) - 1)
    return text[:cut], text[cut:]
