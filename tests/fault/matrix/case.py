"""What a case of the fault matrix is, and the list of all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from tests.fault.matrix.run import Run

Where = Literal["shared", "short", "odd", "broken", "alone"]
"""The stack of a case: the shared one; one with short times and a bad Qdrant; one with wrong
clocks and full disks; one with a truncated index and an origin list; the shared one, alone."""

Play = Callable[[Run], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One line of the matrix. ``runs`` is how many of the seeds it takes at most."""

    name: str
    title: str
    where: Where
    play: Play
    runs: int = 1_000

    @property
    def order(self) -> tuple[int, str]:
        digits = "".join(c for c in self.name if c.isdigit())
        return int(digits), self.name


CASES: list[Case] = []


def case(
    name: str, title: str, *, where: Where = "shared", runs: int = 1_000
) -> Callable[[Play], Play]:
    """Put a function into the matrix."""

    def register(play: Play) -> Play:
        CASES.append(Case(name=name, title=title, where=where, play=play, runs=runs))
        return play

    return register
