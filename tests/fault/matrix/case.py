"""What a case of the fault matrix is, and the list of all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.fault.matrix.run import Run
from tests.fault.matrix.stacks import FaultStack

Where = Literal[
    "shared", "short", "odd", "broken", "signed", "rebuilt", "injected", "crowded", "alone"
]
"""The stack of a case: the shared one; one with short times and a bad Qdrant; one with wrong
clocks and full disks; one with a truncated index and an origin list; one with sign-in; one whose
documents change; one with a hostile document; one with few workers for several tenants; the shared
one, alone."""

Play = Callable[[Run], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One line of the matrix. ``runs`` is how many of the seeds it takes at most."""

    name: str
    title: str
    where: Where
    play: Play
    runs: int = 1_000


CASES: list[Case] = []

Shell = dict[str, str]
Make = Callable[[Path, Shell, ExitStack], FaultStack]
STACKS: dict[Where, Make] = {}
"""How the stack of each kind of case is made: its directory, what the shell passes on to functions,
and where to put what must be stopped with it."""


def stack(where: Where) -> Callable[[Make], Make]:
    """Name a function that makes a stack."""

    def register(make: Make) -> Make:
        STACKS[where] = make
        return make

    return register


def place(name: str) -> tuple[int, str]:
    """Where a case stands in the table: by its number, then its letter."""
    return int("".join(c for c in name if c.isdigit())), name


def case(
    name: str, title: str, *, where: Where = "shared", runs: int = 1_000
) -> Callable[[Play], Play]:
    """Put a function into the matrix."""

    def register(play: Play) -> Play:
        CASES.append(Case(name=name, title=title, where=where, play=play, runs=runs))
        return play

    return register
