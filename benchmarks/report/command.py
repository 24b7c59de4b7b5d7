"""The command line that all performance benchmarks share."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchmarks.report.rendering import machine_text, result_text
from benchmarks.report.result import Result

MISSED = 1


class Skipped(Exception):
    """A benchmark cannot run here; the message says what is missing and how to get it."""


def run(
    name: str,
    about: str | None,
    measure: Callable[[argparse.Namespace], Result],
    parser: argparse.ArgumentParser | None = None,
) -> int:
    """Parse the command line, measure, print, and with ``--json PATH`` write the result.

    ``name`` is that of ``make bench-NAME``; ``about``, the module's docstring, is what a reader of
    the figures should know: its first line heads the command's help, the rest goes into
    docs/performance.md. Returns the exit status: 1 if ``--strict`` was given and a budget missed.
    """
    about = (about or "").strip()
    parser = parser or argparse.ArgumentParser()
    parser.description = about.partition("\n")[0]
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the result there as well")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a budget is missed")
    options = parser.parse_args()
    load, began = os.getloadavg()[0], time.monotonic()
    try:
        result = measure(options)
    except Skipped as skipped:
        print(f"skipped: {skipped}")
        result = Result(title=about.partition("\n")[0], tables=[], not_run=str(skipped))
    result = msgspec.structs.replace(
        result,
        name=name,
        about=about,
        command=_command(name, sys.argv[1:]),
        measured_at=datetime.now(UTC).isoformat(timespec="minutes"),
        took_s=round(time.monotonic() - began, 1),
        load=round(load, 2),
    )
    if not result.not_run:
        print(f"{result.title}\n")
        print(machine_text(result.machine), end="\n\n")
        print(result_text(result))
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    missed = any(not budget.is_met for budget in result.budgets)
    return MISSED if options.strict and missed else 0


def _command(name: str, given: list[str]) -> str:
    """What a person types for the same figures."""
    kept: list[str] = []
    skip = False
    for argument in given:
        if skip or argument.startswith("--json="):
            skip = False
        elif argument == "--json":
            skip = True
        else:
            kept.append(argument)
    return f"make bench-{name}" + (f' ARGS="{" ".join(kept)}"' if kept else "")
