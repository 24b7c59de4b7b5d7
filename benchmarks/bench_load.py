"""Many people at once, each asking again as soon as they have their answer, on the local stack.

The stack runs as ``make run`` starts it, services included; the scripted model streams 120 tokens
at 80 a second to as many as ask, and every question is asked afresh, so that each answer is
retrieved, streamed, persisted and pushed. An answer counts with its verified end; a refusal and an
answer that does not end as *done* are errors; *resumed* counts how often a client had to ask for
what it missed. Memory is resident memory of the processes that were there after a quarter of the
run, half-way and at the end.

``make load CLIENTS=20 MINUTES=1`` (``BATCH`` questions for a worker at one time, ``WORKERS`` worker
processes). Ctrl-C ends it early and prints what was measured. Errors make it fail.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.process_memory import family, machine_seconds, resident_mb
from benchmarks.report import Budget, Measure, Result, Table, run
from benchmarks.streams import model_server
from benchmarks.streams.neighbours import Neighbour
from copilot.transcript import Transcript
from copilot.wire import AnyServerEvent, Delta
from local.client.chat_client import ChatClient, ChatError
from tests.e2e.local_stack import LocalStack

TOKENS, RATE, FIRST_TOKEN_S = 120, 80.0, 0.3
MODEL_S = FIRST_TOKEN_S + TOKENS / RATE
QUESTIONS = (
    "What is the contract price under the Harrow Ridge power purchase agreement?",
    "How large a battery may be added next to the wind turbines?",
    "What did servicing one turbine at Harrow Ridge cost per year in 2022 prices?",
    "At what wind speed must work in the turbine hub be stopped?",
)
_STORE = "-m ministack"
"""DynamoDB's stand-in keeps every row in memory: it grows by what is stored, as a table does."""
_KINDS = (
    ("gateway", "-m local serve"),
    ("inference workers", "awslambdaric inference."),
    ("DynamoDB's stand-in, rows included", _STORE),
)
"""Processes by what their command line holds."""

GROWTH_LIMIT = 1.1
"""Memory is flat if no process but the store has a tenth more at the end."""


@dataclass
class Log:
    """What all clients saw; seconds."""

    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    resumed: int = 0
    began: float = 0.0
    ended: float = 0.0


@dataclass
class Memory:
    """Resident MB by process id, at two moments, and the processes' names."""

    names: dict[int, str]
    before: dict[int, float]
    after: dict[int, float] = field(default_factory=dict)


async def one_client(url: str, number: int, log: Log, over: asyncio.Event) -> None:
    """Ask again and again until it is over; what is under way is finished."""
    async with ChatClient(url) as client:
        while not over.is_set():
            await _one_ask(client, QUESTIONS[number % len(QUESTIONS)], log)
        log.resumed += client.resumes


async def _one_ask(client: ChatClient, question: str, log: Log) -> None:
    asked = time.monotonic()
    arrived: list[float] = []

    def note(event: AnyServerEvent, transcript: Transcript) -> None:
        if isinstance(event, Delta) and not arrived:
            arrived.append(time.monotonic())

    try:
        accepted = await client.ask(question, fresh=True)
        transcript = await client.follow(accepted.answer_id, on_event=note)
    except (ChatError, OSError, TimeoutError) as error:
        log.errors.append(f"{type(error).__name__}: {error}")
        await asyncio.sleep(1)
        return
    end = transcript.end
    if end is None or end.state != "done":
        log.errors.append(str(end and (end.error or end.state)))
        return
    log.first.append((arrived[0] if arrived else time.monotonic()) - asked)
    log.whole.append(time.monotonic() - asked)


async def load(stack: LocalStack, clients: int, seconds: float) -> tuple[Log, Memory]:
    """Run the clients for so long, or until Ctrl-C."""
    log, over = Log(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, over.set)
    tasks = [
        asyncio.ensure_future(one_client(stack.websocket_url, number, log, over))
        for number in range(clients)
    ]
    log.began = time.monotonic()
    try:
        await _until(over, seconds / 4)
        names = family(stack.pid)
        await _until(over, seconds / 4)
        memory = Memory(names, {pid: resident_mb(pid) for pid in names})
        await _until(over, seconds / 2)
        over.set()
        log.ended = time.monotonic()
        memory.after = {pid: resident_mb(pid) for pid in names}
        await asyncio.gather(*tasks)
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return log, memory


async def _until(over: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await over.wait()
    except TimeoutError:
        return


def measure(options: argparse.Namespace) -> Result:
    """One table."""
    parameters = {"QuestionsPerMinute": "100000", "BatchSize": str(options.batch)}
    with (
        tempfile.TemporaryDirectory() as directory,
        Neighbour(model_server.serve, TOKENS, RATE, FIRST_TOKEN_S) as model,
    ):
        shell = {"OPENAI_API_KEY": "scripted", "OPENAI_BASE_URL": model.urls}
        with LocalStack(
            Path(directory) / "state",
            shell=shell,
            parameters=parameters,
            arguments=("--workers", str(options.workers)),
            faults=False,
            own_session=True,
        ) as stack:
            busy, all_of_it = machine_seconds()
            log, memory = asyncio.run(load(stack, options.clients, options.minutes * 60))
            busy_after, all_after = machine_seconds()
    for error in sorted(set(log.errors)):
        print(f"  {log.errors.count(error)} x {error}", file=sys.stderr)
    used = (busy_after - busy) / max(0.01, all_after - all_of_it)
    return _result(options, log, memory, used)


def _result(options: argparse.Namespace, log: Log, memory: Memory, used: float) -> Result:
    rate = len(log.whole) / max(0.001, log.ended - log.began)
    slots = options.workers * options.batch
    growth = {
        pid: memory.after[pid] / mb
        for pid, mb in memory.before.items()
        if memory.after.get(pid) and mb and _STORE not in memory.names[pid]
    }
    grower = max(growth, key=lambda pid: growth[pid])

    def row(what: str, unit: str, value: float) -> Measure:
        return Measure(what=what, unit=unit, ours=[value])

    def of(values: list[float], share: float) -> float:
        return sorted(values)[int(share * (len(values) - 1))] if values else 0.0

    errors, grown = (
        row("errors", "", len(log.errors)),
        row("most growth, the store aside", "x", growth[grower]),
    )
    rows = [
        row("answers", "", len(log.whole)),
        row("answers a second", "1/s", rate),
        errors,
        row("resumed", "", log.resumed),
        row("first text after asking, p50", "ms", of(log.first, 0.5) * 1000),
        row("first text after asking, p99", "ms", of(log.first, 0.99) * 1000),
        row("verified end after asking, p50", "ms", of(log.whole, 0.5) * 1000),
        row("verified end after asking, p99", "ms", of(log.whole, 0.99) * 1000),
        row("machine's cores at work", "%", used * 100),
        *_memory_rows(memory, row),
        grown,
    ]
    bound = (
        f"the model speaks for {MODEL_S:.1f} s, so that {slots} answers at one time are at most "
        f"{slots / MODEL_S:.1f} a second and {options.clients} people ask at most "
        f"{options.clients / MODEL_S:.1f}; {_limit(options, slots, rate, used)} "
        f"{_module(memory.names[grower])} grew most, from {memory.before[grower]:.0f} to "
        f"{memory.after[grower]:.0f} MB."
    )
    title = f"{options.clients} people at once, {options.workers} workers of {options.batch}"
    return Result(
        title=f"Load: {title}",
        tables=[Table(title=f"{log.ended - log.began:.0f} seconds", rows=rows)],
        budgets=[Budget.of_median(errors, 0), Budget.of_median(grown, GROWTH_LIMIT)],
        bound=bound,
    )


def _module(command: str) -> str:
    """What a process runs, of its command line ``python -m MODULE ...``."""
    words = command.partition(" -m ")[2].split()
    return " ".join(words[:2]) if words else command[:60]


def _memory_rows(memory: Memory, row: Callable[[str, str, float], Measure]) -> list[Measure]:
    rows = []
    for name, mark in _KINDS:
        pids = [pid for pid, line in memory.names.items() if mark in line]
        before = sum(memory.before[pid] for pid in pids)
        after = sum(memory.after.get(pid, 0.0) for pid in pids)
        rows.append(row(f"memory of {name}, {len(pids)} processes, half-way", "MB", before))
        rows.append(row(f"memory of {name}, at the end", "MB", after))
    return rows


def _limit(options: argparse.Namespace, slots: int, rate: float, used: float) -> str:
    if used > 0.9:
        return "the machine's cores are what limits it."
    if rate > 0.85 * options.clients / MODEL_S:
        return "nothing but the people who ask limits it."
    if rate > 0.85 * slots / MODEL_S:
        return "the places of the workers are what limits it (WORKERS, BATCH)."
    return "waiting for the services, one after another, is what limits it."


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=20, help="people at once")
    parser.add_argument("--minutes", type=float, default=1.0, help="for how long")
    parser.add_argument("--workers", type=int, default=4, help="worker processes of each function")
    parser.add_argument("--batch", type=int, default=10, help="questions a worker takes at once")
    return run("load", __doc__, measure, parser)


if __name__ == "__main__":
    sys.exit(main())
