"""The soak: cases of the matrix at random, side by side, in bad weather, for as long as asked."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct

from tests.e2e.openai_server import Script, ScriptedModel
from tests.e2e.test_local_processes import descendants
from tests.fault.matrix.case import CASES, STACKS
from tests.fault.matrix.play import play_once
from tests.fault.matrix.report import Line
from tests.fault.matrix.run import Verdict
from tests.fault.matrix.stacks import FaultStack

LANES = 8
SETTLED_S = 30.0
"""When memory is measured first: every process has answered something by then."""


class Memory(Struct, kw_only=True, frozen=True):
    """Resident memory of the processes of one kind, in MB: how many, the mean, the largest."""

    kind: str
    processes: int
    mean_mb: float
    most_mb: float


class Soaked(Struct, kw_only=True, frozen=True):
    """What a soak found."""

    lines: list[Line]
    weather: dict[str, int]
    early: list[Memory]
    late: list[Memory]


async def soak(minutes: float, seed: int, directory: Path) -> Soaked:
    """Soak one stack for some minutes; equal seeds choose equal cases and weather."""
    stop_at = time.monotonic() + minutes * 60
    with ScriptedModel(Script(tokens=("Unexpected.",))) as model, ExitStack() as undo:
        shell = {"OPENAI_API_KEY": "scripted", "OPENAI_BASE_URL": model.base_url}
        running = STACKS["shared"](directory, shell, undo)
        await asyncio.to_thread(undo.enter_context, running)
        weather = Weather(running, seed)
        blowing = asyncio.create_task(weather.blow())
        lanes = [
            asyncio.create_task(_lane(seed * LANES + number, stop_at, running, model))
            for number in range(LANES)
        ]
        await asyncio.sleep(min(SETTLED_S, minutes * 30))
        early = memory_of(running.pid)
        verdicts: dict[str, list[Verdict]] = defaultdict(list)
        for lane in await asyncio.gather(*lanes):
            for name, verdict in lane:
                verdicts[name].append(verdict)
        blowing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await blowing
        late = memory_of(running.pid)
        await asyncio.to_thread(undo.close)
    titles = {case.name: case.title for case in CASES}
    lines = [Line(name=n, title=titles[n], verdicts=found) for n, found in verdicts.items()]
    return Soaked(lines=lines, weather=weather.struck, early=early, late=late)


async def _lane(
    seed: int, stop_at: float, running: FaultStack, model: ScriptedModel
) -> list[tuple[str, Verdict]]:
    """One case after the other until the time is over."""
    choice = random.Random(seed)
    cases = [case for case in CASES if case.where == "shared"]
    weights = [0.2 if case.runs < 1_000 else 1.0 for case in cases]
    found = []
    while time.monotonic() < stop_at:
        [case] = choice.choices(cases, weights)
        run_seed = choice.randrange(1_000_000)
        found.append((case.name, await play_once(case, run_seed, running, model, lenient=True)))
    return found


class Weather:
    """Faults that strike whoever is there."""

    def __init__(self, stack: FaultStack, seed: int) -> None:
        self._stack = stack
        self._random = random.Random(seed)
        self.struck: dict[str, int] = defaultdict(int)

    async def blow(self) -> None:
        """Strike every few seconds until cancelled; paused workers are always woken."""
        kinds = ("kill", "pause", "slow table", "refused table", "refused queue", "doubled frames")
        while True:
            await asyncio.sleep(self._random.uniform(1, 6))
            kind = self._random.choice(kinds)
            self.struck[kind] += 1
            await asyncio.to_thread(self._strike, kind)
            if kind == "pause":
                try:
                    await asyncio.sleep(self._random.uniform(0.5, 20))
                finally:
                    self._stack.signal_workers("InferenceFunction", "continue")

    def _strike(self, kind: str) -> None:
        unavailable = {"status": 503, "code": "ServiceUnavailable"}
        match kind:
            case "kill" | "pause":
                self._stack.signal_workers("InferenceFunction", kind)
            case "slow table":
                self._stack.fault("slow", service="dynamodb", ms=300, times=50)
            case "refused table":
                self._stack.fault(
                    "deny", service="dynamodb", probability=0.3, times=20, **unavailable
                )
            case "refused queue":
                self._stack.fault("deny", service="sqs", times=5, **unavailable)
            case _:
                self._stack.fault("duplicate", probability=0.3, times=50)


def memory_of(pid: int) -> list[Memory]:
    """The resident memory of a stack's processes by kind."""
    found: dict[str, list[float]] = defaultdict(list)
    for process in (pid, *descendants(pid)):
        try:
            command = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
            resident = Path(f"/proc/{process}/statm").read_text().split()[1]
        except (OSError, IndexError):
            continue  # It has ended meanwhile.
        words = [word.decode() for word in command if word]
        kind = next((w for w in words if ".handler" in w or "ministack" in w), "")
        found[kind or " ".join(words[1:4])].append(int(resident) * 4096 / 1e6)
    return [
        Memory(kind=kind, processes=len(mbs), mean_mb=sum(mbs) / len(mbs), most_mb=max(mbs))
        for kind, mbs in sorted(found.items())
    ]
