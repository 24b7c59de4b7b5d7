"""What the simulation is asked: a steady busy hour, and everybody asking within one minute."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from benchmarks.capacity import queueing
from benchmarks.capacity.demand import Crowd
from benchmarks.capacity.quotas import Ramp
from benchmarks.capacity.simulation import Run, Scaling, poisson, simulate
from benchmarks.cost.usage import Model

STEADY_S = 1800
SETTLED_S = 300
RUSH_S = 60
HALF_FULL = 5
WAIT_S = 1.0
SHARE = 0.99
"""Workers are enough when this share of questions waits no longer than ``WAIT_S``."""


@dataclass(frozen=True, slots=True)
class AnswerTime:
    """Seconds of one question in a worker: a fixed part, and a stream of varying length.

    Lengths of answers are drawn from an exponential distribution around the mean; a hit of the
    cache has no stream.
    """

    fixed_s: float
    stream_s: float
    hit_s: float
    hits: float

    @classmethod
    def of(cls, crowd: Crowd, model: Model) -> AnswerTime:
        """As the cost model has it."""
        work = crowd.workload()
        stream = crowd.answer_tokens / float(model.rate(work))
        return cls(
            fixed_s=float(model.answer_ms(work)) / 1000 - stream,
            stream_s=stream,
            hit_s=float(model.hit_ms()) / 1000,
            hits=float(crowd.cache_hits),
        )

    def __call__(self, chance: Random) -> float:
        if self.hits and chance.random() < self.hits:
            return self.hit_s
        return self.fixed_s + chance.expovariate(1 / self.stream_s)

    @property
    def mean_s(self) -> float:
        """Mean seconds."""
        return self.hits * self.hit_s + (1 - self.hits) * (self.fixed_s + self.stream_s)

    @property
    def variation(self) -> float:
        """The squared coefficient of variation."""
        miss = (self.fixed_s + self.stream_s) ** 2 + self.stream_s**2
        second = self.hits * self.hit_s**2 + (1 - self.hits) * miss
        return second / self.mean_s**2 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One simulated run beside what the formulas say of it."""

    name: str
    maximum: int
    batch_size: int
    run: Run
    settled: int = 0
    """How many of the first questions came before the workers had grown."""
    overloaded: bool = False
    expected_wait_s: float | None = None
    """Mean, by Allen and Cunneen; ``None`` where batches or an overload leave no formula."""
    expected_worker_s: float | None = None
    """Seconds of a worker for each question, by the cost model."""

    @property
    def worker_s(self) -> float:
        """Seconds of a worker for each question."""
        return self.run.busy_s / len(self.run.waits)


def workers_needed(crowd: Crowd, time: AnswerTime) -> int:
    """The least ``MaximumConcurrency`` with which hardly anybody waits."""
    return max(
        2,
        queueing.workers_for(
            float(crowd.qps), time.mean_s, wait_s=WAIT_S, share=SHARE, variation=time.variation
        ),
    )


def steady(
    crowd: Crowd, model: Model, ramp: Ramp, *, name: str, maximum: int, batch_size: int
) -> Scenario:
    """Half an hour of the busiest hour, from five pollers on."""
    rate, time = float(crowd.qps), AnswerTime.of(crowd, model)
    arrivals = poisson(rate, STEADY_S, Random(1))
    scaling = Scaling(
        maximum=maximum,
        batch_size=batch_size,
        initial=ramp.initial,
        ramp_per_minute=ramp.per_minute,
    )
    run = simulate(arrivals, time, scaling)
    work = replace(crowd.workload(), maximum_concurrency=maximum, batch_size=batch_size)
    expected = None
    if batch_size == 1 and not model.overloaded(work):
        expected = queueing.mean_wait(maximum, rate, time.mean_s, variation=time.variation)
    return Scenario(
        name=name,
        maximum=maximum,
        batch_size=batch_size,
        run=run,
        settled=sum(arrival < SETTLED_S for arrival in arrivals),
        overloaded=model.overloaded(work),
        expected_wait_s=expected,
        expected_worker_s=float(model.worker_ms(work)) / 1000,
    )


def rush(
    crowd: Crowd,
    time: AnswerTime,
    ramp: Ramp,
    *,
    name: str,
    maximum: int,
    batch_size: int,
    provisioned: bool = False,
    cold_s: float = 1.0,
) -> Scenario:
    """Everybody asks one question within a minute, at a moment when the mapping is at rest."""
    chance = Random(1)
    arrivals = sorted(chance.uniform(0, RUSH_S) for _ in range(crowd.users))
    per_minute = ramp.provisioned_per_minute if provisioned else ramp.per_minute
    scaling = Scaling(
        maximum=maximum,
        batch_size=batch_size,
        initial=ramp.initial,
        ramp_per_minute=per_minute,
        cold_s=cold_s,
    )
    run = simulate(arrivals, time, scaling)
    return Scenario(name=name, maximum=maximum, batch_size=batch_size, run=run)


def few_workers(crowd: Crowd, model: Model) -> int:
    """The least ``MaximumConcurrency`` with which batches of ten are half full on average."""
    work = replace(crowd.workload(), batch_size=10, maximum_concurrency=2)
    while model.questions_per_invocation(work) > HALF_FULL:
        work = replace(work, maximum_concurrency=work.maximum_concurrency + 1)
    return work.maximum_concurrency


def steady_scenarios(crowd: Crowd, model: Model, ramp: Ramp, maximum: int) -> Iterator[Scenario]:
    """As deployed, with enough workers, and with few that carry several streams each."""
    needed = workers_needed(crowd, AnswerTime.of(crowd, model))
    few = few_workers(crowd, model)
    yield steady(crowd, model, ramp, name="as deployed", maximum=maximum, batch_size=1)
    yield steady(crowd, model, ramp, name="enough workers", maximum=needed, batch_size=1)
    yield steady(crowd, model, ramp, name="few, with batches", maximum=few, batch_size=10)


def rush_scenarios(crowd: Crowd, time: AnswerTime, ramp: Ramp) -> Iterator[Scenario]:
    """The ramp of the mapping against the same people."""
    yield rush(crowd, time, ramp, name="one at a time", maximum=1000, batch_size=1)
    yield rush(crowd, time, ramp, name="batches of 10", maximum=1000, batch_size=10)
    yield rush(
        crowd,
        time,
        ramp,
        name="one at a time, provisioned pollers",
        maximum=1000,
        batch_size=1,
        provisioned=True,
    )


def expected_backlog(crowd: Crowd, time: AnswerTime, ramp: Ramp) -> float:
    """The fluid model's backlog of a rush, if it lasted until workers keep up; else at its end."""
    rate = crowd.users / RUSH_S
    per_s = ramp.per_minute / 60
    backlog, seconds = queueing.ramp_backlog(rate, time.mean_s, initial=ramp.initial, per_s=per_s)
    if seconds <= RUSH_S:
        return backlog
    served = (ramp.initial * RUSH_S + per_s * RUSH_S**2 / 2) / time.mean_s
    return crowd.users - served
