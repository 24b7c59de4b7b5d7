"""Runs that take turns, so that a machine that speeds up or slows down favours nobody."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


def alternate(
    runs: int, contestants: Mapping[str, Callable[[], T]], *, progress: bool = True
) -> dict[str, list[T]]:
    """What each contestant returned, run by run.

    Every other round goes in the opposite order. Progress is told on standard error.
    """
    found: dict[str, list[T]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(runs):
        for name in names if number % 2 == 0 else reversed(names):
            if progress:
                print(f"  run {number + 1} of {runs}: {name}", file=sys.stderr, flush=True)
            found[name].append(contestants[name]())
    return found
