"""A discrete-event simulation of the question queue and the workers that Lambda starts for it.

What it knows of AWS: a mapping begins with five invocations at one time and adds up to 300 a minute
while messages wait; a poller hands over what waits, up to the batch size; an environment that has
never run starts cold. A batch lasts as long as its longest answer; each answer ends by itself.

An event loop of three kinds of events on ``heapq``; time is in seconds. Not known, and left out:
how fast Lambda takes pollers away again, the spread of polls over SQS's servers, retries.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

ARRIVAL, FINISH, GROW = range(3)


class Service(Protocol):
    """Draws how long a worker takes for one question, in seconds."""

    def __call__(self, chance: Random) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """How workers come and go. ``ramp_per_minute`` of 0 means that all are there at once."""

    maximum: int
    batch_size: int = 1
    initial: int = 5
    ramp_per_minute: float = 300.0
    cold_s: float = 0.0


@dataclass(slots=True)
class Run:
    """What happened."""

    waits: list[float] = field(default_factory=list)
    """Seconds from a question's arrival to its worker, in order of arrival."""
    sojourns: list[float] = field(default_factory=list)
    """Seconds from a question's arrival to its answer's end."""
    batches: int = 0
    colds: int = 0
    busy_s: float = 0.0
    peak_waiting: int = 0
    peak_busy: int = 0
    waiting_area: float = 0.0
    """Questions waiting, integrated over time; Little's law compares it with the waits."""
    ended_s: float = 0.0

    @property
    def questions_per_invocation(self) -> float:
        """Mean size of a batch."""
        return len(self.waits) / self.batches if self.batches else 0.0

    def wait_quantile(self, share: float) -> float:
        """The wait that ``share`` of the questions do not exceed."""
        ordered = sorted(self.waits)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    def mean_wait(self, skip: int = 0) -> float:
        """Mean wait, without the first ``skip`` questions."""
        kept = self.waits[skip:]
        return sum(kept) / len(kept) if kept else 0.0


def poisson(rate: float, seconds: float, chance: Random) -> list[float]:
    """Arrival times of a Poisson process."""
    times: list[float] = []
    now = chance.expovariate(rate) if rate > 0 else seconds
    while now < seconds:
        times.append(now)
        now += chance.expovariate(rate)
    return times


def simulate(
    arrivals: Iterable[float], service: Service, scaling: Scaling, *, seed: int = 1
) -> Run:
    """Run until every question is answered. ``arrivals`` are times in ascending order."""
    # A stream of its own: drawn from the same one as the arrivals, lengths would follow the gaps.
    return _Simulation(list(arrivals), service, scaling, Random(f"service {seed}")).run()


class _Simulation:
    def __init__(
        self, arrivals: Sequence[float], service: Service, scaling: Scaling, chance: Random
    ) -> None:
        self._scaling = scaling
        self._service = service
        self._chance = chance
        self._arrivals = arrivals
        self._events: list[tuple[float, int, int]] = [
            (t, ARRIVAL, n) for n, t in enumerate(arrivals)
        ]
        self._waiting: deque[int] = deque()
        self._busy = 0
        self._warm = 0
        ramps = scaling.ramp_per_minute > 0
        self._allowed = min(scaling.initial, scaling.maximum) if ramps else scaling.maximum
        self._step_s = 60 / scaling.ramp_per_minute if ramps else 0.0
        self._growing = False
        self._result = Run(waits=[0.0] * len(arrivals), sojourns=[0.0] * len(arrivals))

    def run(self) -> Run:
        now = 0.0
        while self._events:
            time, kind, number = heapq.heappop(self._events)
            self._result.waiting_area += len(self._waiting) * (time - now)
            now = time
            if kind == ARRIVAL:
                self._waiting.append(number)
            elif kind == FINISH:
                self._busy -= 1
                self._warm += 1
            elif kind == GROW:
                self._growing = False
                if self._waiting:
                    self._allowed += 1
            self._dispatch(now)
            self._result.peak_waiting = max(self._result.peak_waiting, len(self._waiting))
            if self._waiting and not self._growing and self._allowed < self._scaling.maximum:
                self._growing = True
                heapq.heappush(self._events, (now + self._step_s, GROW, 0))
        self._result.ended_s = now
        return self._result

    def _dispatch(self, now: float) -> None:
        while self._waiting and self._busy < self._allowed:
            taken = min(self._scaling.batch_size, len(self._waiting))
            batch = [self._waiting.popleft() for _ in range(taken)]
            begins = now
            if self._warm:
                self._warm -= 1
            else:
                begins += self._scaling.cold_s
                self._result.colds += 1
            ends = begins
            for number in batch:
                done = begins + self._service(self._chance)
                self._result.waits[number] = begins - self._arrivals[number]
                self._result.sojourns[number] = done - self._arrivals[number]
                ends = max(ends, done)
            self._busy += 1
            self._result.peak_busy = max(self._result.peak_busy, self._busy)
            self._result.batches += 1
            self._result.busy_s += ends - now
            heapq.heappush(self._events, (ends, FINISH, 0))
