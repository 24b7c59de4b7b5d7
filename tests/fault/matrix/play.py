"""Plays the matrix: starts the stacks it needs, runs cases side by side, collects verdicts."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import aiohttp

from local.client.chat_client import ChatError
from tests.e2e.openai_server import Script, ScriptedModel
from tests.fault.matrix.case import CASES, STACKS, Case, Shell, Where, stack
from tests.fault.matrix.report import Line
from tests.fault.matrix.run import Run, Verdict
from tests.fault.matrix.stacks import FaultStack

AT_ONCE = 8
"""Runs side by side on one stack."""

WORKERS = "12"


@stack("alone")
@stack("shared")
def shared_stack(directory: Path, shell: Shell, undo: ExitStack) -> FaultStack:
    """The stack of most cases: the product with a short visibility timeout."""
    return FaultStack(directory, shell=shell, arguments=["--workers", WORKERS])


async def play(seeds: Sequence[int], wanted: set[str], directory: Path) -> list[Line]:
    """Run the wanted cases (all, where none is named) with these seeds."""
    cases = [case for case in CASES if not wanted or case.name in wanted]
    lines: list[Line] = []
    with ScriptedModel(Script(tokens=("Unexpected.",))) as model:
        for where in dict.fromkeys(case.where for case in cases if case.where != "alone"):
            lines += await _play_on(where, cases, seeds, model, directory)
        if not any(case.where == "shared" for case in cases):
            alone = [case for case in cases if case.where == "alone"]
            if alone:
                lines += await _play_on("alone", alone, seeds, model, directory)
    return lines


async def _play_on(
    where: Where,
    cases: Sequence[Case],
    seeds: Sequence[int],
    model: ScriptedModel,
    directory: Path,
) -> list[Line]:
    shell = {"OPENAI_API_KEY": "scripted", "OPENAI_BASE_URL": model.base_url}
    with ExitStack() as undo:
        own = directory / where
        own.mkdir(parents=True, exist_ok=True)
        running = STACKS[where](own, shell, undo)
        await asyncio.to_thread(undo.enter_context, running)
        gate = asyncio.Semaphore(AT_ONCE)
        together = [case for case in cases if case.where == where]
        lines = list(
            await asyncio.gather(*(_play_case(c, seeds, running, model, gate) for c in together))
        )
        for case in cases if where == "shared" else ():
            if case.where == "alone":
                lines.append(await _play_case(case, seeds, running, model, gate))
        await asyncio.to_thread(undo.close)
    return lines


async def _play_case(
    case: Case,
    seeds: Sequence[int],
    running: FaultStack,
    model: ScriptedModel,
    gate: asyncio.Semaphore,
) -> Line:
    verdicts = await asyncio.gather(
        *(_in_turn(case, seed, running, model, gate) for seed in seeds[: case.runs])
    )
    return Line(name=case.name, title=case.title, verdicts=verdicts)


async def _in_turn(
    case: Case, seed: int, running: FaultStack, model: ScriptedModel, gate: asyncio.Semaphore
) -> Verdict:
    async with gate:
        return await play_once(case, seed, running, model)


async def play_once(
    case: Case, seed: int, running: FaultStack, model: ScriptedModel, *, lenient: bool = False
) -> Verdict:
    """One run of one case. ``lenient``: only what was lost, doubled or never ended counts."""
    run = Run(running, model, seed, lenient=lenient)
    try:
        await case.play(run)
    except (ChatError, TimeoutError, OSError, aiohttp.ClientError, AssertionError) as error:
        run.problem(f"{type(error).__name__}: {error}")
        run.problem(traceback.format_tb(error.__traceback__)[-1].strip())
    return await asyncio.to_thread(run.close)
