"""Several tenants at one queue with few workers."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path

from local.client.chat_client import ChatClient
from tests.e2e.openai_server import Script
from tests.fault.matrix.case import Shell, case, stack
from tests.fault.matrix.run import FRAMED, QUESTION, Asked, Run, Watched
from tests.fault.matrix.sign_in_cases import signed_in, somebody
from tests.fault.matrix.stacks import UNLIMITED, FaultStack

WORKERS, SOCKETS, FLOOD, QUIET = 4, 8, 200, 3
BACKLOG = FLOOD // 2
"""So much of the flood must still wait when the others ask, or the case shows nothing."""

IN_BETWEEN = 3 * WORKERS
"""How many answers of the flood may begin after another tenant's question was accepted and before
that one: those being taken at this moment, and a turn of each worker."""

SAID = Script(tokens=tuple(f"word{number} " for number in range(10)), delay_s=0.05)


@stack("crowded")
def crowded_stack(directory: Path, shell: Shell, undo: ExitStack) -> FaultStack:
    """Sign-in, since tenants come from there, and few workers."""
    parameters = {**UNLIMITED, "AuthMode": "api-key"}
    arguments = ["--workers", str(WORKERS)]
    return FaultStack(directory, shell=shell, parameters=parameters, arguments=arguments)


@case("34", "one tenant floods, others wait", where="crowded", runs=1)
async def flood(run: Run) -> None:
    flooder = somebody(run, "flood")
    marked = run.question(SAID)
    accepted = asyncio.Queue[None]()

    async def pour(count: int) -> list[float]:
        async with signed_in(run, flooder) as client:
            waiting = {}
            for _ in range(count):
                asked = Asked(marker=marked.marker, text=f"{QUESTION} ({marked.marker})")
                answer_id = (await run.ask(client, asked)).answer_id
                waiting[answer_id] = (time.monotonic(), run.read(answer_id))
                accepted.put_nowait(None)
            await follow_all(client, {name: seen for name, (_, seen) in waiting.items()})
            return [_waited(at, seen) for at, seen in waiting.values()]

    pouring = [asyncio.create_task(pour(FLOOD // SOCKETS)) for _ in range(SOCKETS)]
    for _ in range(FLOOD):
        await accepted.get()
    begun = len(run.served(marked))
    run.expect(begun <= FLOOD - BACKLOG, f"{begun} of {FLOOD} had begun before the others asked")

    async def ask_once() -> float:
        asked = run.question(SAID)
        async with signed_in(run, somebody(run, "quiet")) as client:
            answer_id = (await run.ask(client, asked)).answer_id
            at, before = time.monotonic(), len(run.served(marked))
            transcript = run.read(answer_id)
            await run.follow(client, transcript)
        [served] = run.served(asked)
        began = [one.received_at for one in run.served(marked)]
        between = sum(at <= served.received_at for at in began) - before
        run.expect(between <= IN_BETWEEN, f"{between} of the flood began before another tenant")
        return _waited(at, transcript)

    others = [asyncio.create_task(ask_once()) for _ in range(QUIET)]
    run.verdict.waits["others"] = [await task for task in others]
    run.verdict.waits["the flood"] = [wait for task in pouring for wait in await task]


async def follow_all(client: ChatClient, transcripts: dict[str, Watched]) -> None:
    """Receive many answers on one socket, each to its end."""
    for transcript in transcripts.values():
        await client.resume(transcript)
    while open_ones := [seen for seen in transcripts.values() if seen.end is None]:
        try:
            event = await client.receive(client.watchdog_s)
        except TimeoutError:
            for transcript in open_ones:
                await client.resume(transcript)
            continue
        seen = transcripts.get(event.answer_id) if isinstance(event, FRAMED) else None
        if seen is not None and isinstance(event, FRAMED) and seen.apply(event) == "resume":
            await client.resume(seen)


def _waited(since: float, transcript: Watched) -> float:
    return (transcript.first_words_at or time.monotonic()) - since
