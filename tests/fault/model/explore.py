"""Runs many schedules, on all cores, and says which of them break a promise."""

from __future__ import annotations

import gc
import logging
import os
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from tests.fault.model.ledger import Violation
from tests.fault.model.live import hasty_publisher, try_live
from tests.fault.model.rules import MUTATIONS, Rules
from tests.fault.model.world import World

BATCH = 500
LIVE_BATCH = 50
PRODUCT = Rules()


@dataclass(kw_only=True)
class Course:
    """What schedules went through; ``seen``: in how many of them it happened."""

    steps: int = 0
    seen: Counter[str] = field(default_factory=Counter)

    def add(self, other: Course) -> None:
        """Count another's schedules as well."""
        self.steps += other.steps
        self.seen += other.seen


@dataclass(frozen=True, kw_only=True)
class Exploration:
    """What a number of schedules showed. ``violations``: the schedule's seed and what broke;
    ``cpu_s``: what all processes computed."""

    schedules: int
    seconds: float
    cpu_s: float
    violations: list[tuple[int, str]] = field(default_factory=list)
    course: Course = field(default_factory=Course)

    def kinds(self) -> str:
        """The promises that were broken, the most frequent first."""
        counted = Counter(what for _, what in self.violations)
        return "; ".join(f"{what} ({count})" for what, count in counted.most_common())

    def told(self) -> str:
        """What the schedules went through, so that tame ones cannot pass for a proof."""
        seen = self.course.seen.most_common()
        shares = ", ".join(f"{what} {count / self.schedules:.0%}" for what, count in seen)
        return f"{self.course.steps / self.schedules:.1f} random steps a schedule; with {shares}"


def try_schedule(seed: int, rules: Rules = PRODUCT, course: Course | None = None) -> str | None:
    """Run one schedule and add to ``course``; returns the promise that it breaks, if it does."""
    world = World(seed, rules)
    try:
        world.run()
    except Violation as violation:
        return str(violation)
    finally:
        if course is not None:
            course.add(Course(steps=world.steps, seen=Counter(world.seen)))
        world.take_apart()
    return None


def first_harm(mutation: str, *, within: int, first: int = 0) -> tuple[int, str] | None:
    """The first schedule in which a mutation harms somebody, and how; ``None``: it was missed."""
    for seed in range(first, first + within):
        what = try_schedule(seed, MUTATIONS[mutation])
        if what is not None:
            return seed, what
    return None


def explore(
    first: int, schedules: int, mutation: str | None = None, *, processes: int | None = None
) -> Exploration:
    """Run the schedules ``first .. first + schedules - 1``, of the product or of a mutation."""
    began, computed = time.monotonic(), _cpu_s()
    batches = [
        (start, min(start + BATCH, first + schedules), mutation)
        for start in range(first, first + schedules, BATCH)
    ]
    if len(batches) == 1 or processes == 1:
        found = [_run_batch(batch) for batch in batches]
    else:
        with _pool(processes) as pool:
            found = list(pool.map(_run_batch, batches))
    course = Course()
    for _, of_batch in found:
        course.add(of_batch)
    return Exploration(
        schedules=schedules,
        seconds=time.monotonic() - began,
        cpu_s=_cpu_s() - computed,
        violations=[violation for violations, _ in found for violation in violations],
        course=course,
    )


def explore_live(first: int, schedules: int) -> Exploration:
    """Run schedules of the second model, of the product's own worker and publisher."""
    began, computed = time.monotonic(), _cpu_s()
    starts = range(first, first + schedules, LIVE_BATCH)
    batches = [(start, min(start + LIVE_BATCH, first + schedules)) for start in starts]
    with _pool() as pool:
        violations = [found for batch in pool.map(_run_live_batch, batches) for found in batch]
    return Exploration(
        schedules=schedules,
        seconds=time.monotonic() - began,
        cpu_s=_cpu_s() - computed,
        violations=violations,
    )


def first_live_harm(*, within: int, first: int = 0) -> tuple[int, str] | None:
    """The first schedule in which a publisher that pushes before it persists harms somebody."""
    hasty = hasty_publisher()
    for seed in range(first, first + within):
        what = try_live(seed, publisher=hasty)
        if what is not None:
            return seed, what
    return None


def _cpu_s() -> float:
    """Processor time of this process and of those that it has waited for, in seconds."""
    user, system, of_children, system_of_children, _ = os.times()
    return user + system + of_children + system_of_children


def _pool(processes: int | None = None) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(processes or os.cpu_count(), initializer=_set_up)


def _set_up() -> None:
    """Once in each process of the pool."""
    logging.disable(logging.WARNING)  # Workers tell of every fence, enders of unread followers.
    gc.freeze()  # What was imported stays; a collection need not look at it.


def _run_live_batch(batch: tuple[int, int]) -> list[tuple[int, str]]:
    outcomes = ((seed, try_live(seed)) for seed in range(*batch))
    return [(seed, what) for seed, what in outcomes if what is not None]


def _run_batch(batch: tuple[int, int, str | None]) -> tuple[list[tuple[int, str]], Course]:
    start, stop, mutation = batch
    rules = PRODUCT if mutation is None else MUTATIONS[mutation]
    course = Course()
    gc.disable()  # Hardly anything is left to it; that is collected once a batch.
    try:
        outcomes = ((seed, try_schedule(seed, rules, course)) for seed in range(start, stop))
        return [(seed, what) for seed, what in outcomes if what is not None], course
    finally:
        gc.enable()
        gc.collect()
