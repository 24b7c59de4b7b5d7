"""Writes the generated parts of docs/capacity.md: `python -m benchmarks.capacity.docs`."""

from __future__ import annotations

from pathlib import Path

from benchmarks.capacity import report
from benchmarks.capacity.demand import Crowd
from benchmarks.generated import Parts, regenerated

PAGE = Path(__file__).resolve().parents[2] / "docs" / "capacity.md"
USERS = 10_000


def parts() -> Parts:
    """What the page says of 10,000 people on a new account."""
    capacity = report.Capacity.load(Crowd(users=USERS), parameters={})
    return {
        "capacity: binding": lambda: report.binding(capacity),
        "capacity: advice": lambda: report.advice(capacity),
        "capacity: steady": lambda: report.steady(capacity),
        "capacity: rush": lambda: report.rush(capacity),
        "capacity: sources": lambda: report.sources(capacity),
    }


if __name__ == "__main__":
    PAGE.write_text(regenerated(PAGE.read_text(), parts()))
