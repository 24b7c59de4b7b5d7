"""``python -m tests.fault``: the model of the protocol and the fault matrix, each as one table."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

from tests.fault.matrix import (
    crowd_cases,
    index_cases,
    network_cases,
    sign_in_cases,
    surrounding_cases,
    worker_cases,
)
from tests.fault.matrix.case import place
from tests.fault.matrix.play import play
from tests.fault.matrix.report import Line, failures, table
from tests.fault.matrix.soak import soak
from tests.fault.model.explore import (
    Exploration,
    explore,
    explore_live,
    first_harm,
    first_live_harm,
)
from tests.fault.model.rules import MUTATIONS

MODULES = (
    network_cases,
    worker_cases,
    surrounding_cases,
    sign_in_cases,
    index_cases,
    crowd_cases,
)
"""Importing them fills the matrix."""

WITHIN = 5_000
WITHIN_LIVE = 500
HASTY = "push before persist, in the source of inference.publisher"


def main() -> int:
    """Run what was asked for; 1 if anything failed."""
    arguments = _parser().parse_args()
    if arguments.command == "model":
        return _model(arguments.schedules, arguments.live, arguments.seed)
    if arguments.command == "soak":
        return _soak(arguments.minutes, arguments.seed)
    return _matrix(arguments.seeds, arguments.seed, set(arguments.case), arguments.keep)


def _model(schedules: int, live: int, seed: int) -> int:
    found = explore(seed, schedules)
    broken = _say("The model of the protocol", found, seed)
    print(f"  {found.told()}", flush=True)
    if live:
        title = "The product's worker and publisher on virtual time"
        broken += _say(title, explore_live(seed, live), seed)
    missed = 0
    print("\n| broken rule | schedules until somebody is harmed | how |\n|---|---|---|")
    for mutation in (*MUTATIONS, HASTY):
        if mutation == HASTY:
            harm = first_live_harm(within=WITHIN_LIVE, first=seed)
        else:
            harm = first_harm(mutation, within=WITHIN, first=seed)
        missed += harm is None
        at, what = harm or (seed - 1, "MISSED")
        print(f"| {mutation} | {at - seed + 1} | {what} |", flush=True)
    return 1 if broken or missed else 0


def _say(title: str, found: Exploration, seed: int) -> int:
    """Print what an exploration found; returns how many schedules broke a promise."""
    print(
        f"{title}: {found.schedules:,} schedules from {seed} on, in {found.seconds:.0f} s "
        f"({found.cpu_s:.0f} s of CPU), "
        f"{len(found.violations)} broke a promise {found.kinds()}",
        flush=True,
    )
    for at, what in found.violations[:10]:
        print(f"  schedule {at}: {what}")
    return len(found.violations)


def _matrix(seeds: int, first: int, wanted: set[str], keep: Path | None) -> int:
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as temporary:
        directory = keep or Path(temporary)
        print(f"\nThe fault matrix: seeds {first} to {first + seeds - 1}", flush=True)
        lines = asyncio.run(play(range(first, first + seeds), wanted, directory))
    lines.sort(key=lambda line: place(line.name))
    return _report(lines)


def _soak(minutes: float, seed: int | None) -> int:
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    print(f"\nThe soak: {minutes:g} minutes, SEED={seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as directory:
        soaked = asyncio.run(soak(minutes, seed, Path(directory)))
    soaked.lines.sort(key=lambda line: place(line.name))
    status = _report(soaked.lines)
    print("\nWeather: " + ", ".join(f"{kind} {n}" for kind, n in soaked.weather.items()))
    print("\n| process | how many | mean MB, early | mean MB, late | largest MB, late |")
    print("|---|---|---|---|---|")
    early = {memory.kind: memory for memory in soaked.early}
    for late in soaked.late:
        before = f"{early[late.kind].mean_mb:.0f}" if late.kind in early else ""
        sizes = f"{late.mean_mb:.0f} | {late.most_mb:.0f}"
        print(f"| {late.kind} | {late.processes} | {before} | {sizes} |")
    print(f"\nSEED={seed}")
    return status


def _report(lines: list[Line]) -> int:
    print(table(lines))
    failed = [line for line in lines if line.failed]
    if failed:
        print(f"\nFailed:\n{failures(lines)}")
        return 1
    runs = sum(len(line.verdicts) for line in lines)
    print(f"\n{runs} runs of {len(lines)} cases: nothing lost.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fault", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    model = commands.add_parser("model", help="random schedules of the protocol")
    model.add_argument("--schedules", type=int, default=50_000)
    model.add_argument("--live", type=int, default=1_000, help="of the second model; 0: none")
    model.add_argument("--seed", type=int, default=0)
    matrix = commands.add_parser("matrix", help="the fault matrix on the local stack")
    matrix.add_argument("--seeds", type=int, default=5, help="runs of each case")
    matrix.add_argument("--seed", type=int, default=1, help="the first seed")
    matrix.add_argument("--case", action="append", default=[], help="only this case; repeatable")
    matrix.add_argument("--keep", type=Path, help="keep the stacks' state and logs here")
    soaking = commands.add_parser("soak", help="cases at random in bad weather")
    soaking.add_argument("--minutes", type=float, default=5.0)
    soaking.add_argument("--seed", type=int, help="chooses cases and weather; printed if not given")
    return parser


if __name__ == "__main__":
    sys.exit(main())
