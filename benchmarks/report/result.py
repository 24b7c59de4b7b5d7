"""What a benchmark measured: series of runs in tables, held against budgets.

Medians, ratios and whether a budget is met are computed from the runs; nothing of them is given.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct, field

from benchmarks.report.machine import Machine, machine


class Measure(Struct, kw_only=True, frozen=True):
    """One row: what was measured in each run, here and in the plain design.

    ``ours`` and ``plain`` hold one value per run, in ``unit``; ``plain`` is empty where there is
    nothing to compare with.
    """

    what: str
    unit: str
    ours: list[float]
    plain: list[float] = []

    @property
    def median(self) -> float:
        return statistics.median(self.ours)

    @property
    def ratio(self) -> float | None:
        """Our median as a part of the plain design's; ``None`` without one."""
        return self.median / statistics.median(self.plain) if self.plain else None


class Table(Struct, kw_only=True, frozen=True):
    """Rows that belong together. ``about`` is said above them; it may be empty."""

    title: str
    rows: list[Measure]
    about: str = ""


class Budget(Struct, kw_only=True, frozen=True):
    """A limit that a figure must keep. ``unit`` is ``"of plain"`` for a ratio."""

    what: str
    value: float
    limit: float
    unit: str
    side: Literal["at most", "at least"] = "at most"

    @property
    def is_met(self) -> bool:
        return self.value <= self.limit if self.side == "at most" else self.value >= self.limit

    @classmethod
    def of_plain(
        cls,
        measure: Measure,
        limit: float,
        *,
        side: Literal["at most", "at least"] = "at most",
    ) -> Budget:
        """A limit on the ratio of a row to the plain design."""
        assert measure.ratio is not None, f"{measure.what}: the plain design was not measured"
        return cls(what=measure.what, value=measure.ratio, limit=limit, unit="of plain", side=side)

    @classmethod
    def of_median(
        cls,
        measure: Measure,
        limit: float,
        *,
        side: Literal["at most", "at least"] = "at most",
    ) -> Budget:
        """A limit on the median of a row, in its unit."""
        return cls(
            what=measure.what, value=measure.median, limit=limit, unit=measure.unit, side=side
        )


class Result(Struct, kw_only=True, frozen=True):
    """Everything that one benchmark has to say.

    ``title`` heads its section; ``bound`` names what it is near and could not be faster than;
    ``runs`` counts the alternating runs behind each median. The rest is filled in by
    ``report.run``.
    """

    title: str
    tables: list[Table]
    budgets: list[Budget] = []
    bound: str = ""
    runs: int = 1
    name: str = ""
    about: str = ""
    command: str = ""
    measured_at: str = ""
    took_s: float = 0.0
    load: float = 0.0
    """The machine's load average, of one minute, before the benchmark began."""
    not_run: str = ""
    """Why there are no figures: what was missing, or how it failed."""
    machine: Machine = field(default_factory=machine)


def measure(what: str, unit: str, ours: Sequence[float], plain: Sequence[float] = ()) -> Measure:
    """A row of any sequences."""
    return Measure(what=what, unit=unit, ours=list(ours), plain=list(plain))
