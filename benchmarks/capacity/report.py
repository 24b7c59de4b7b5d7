"""The tables that `make capacity` prints and docs/capacity.md holds, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmarks.capacity.demand import Crowd, Load, loads
from benchmarks.capacity.quotas import (
    Quota,
    Ramp,
    UnknownTier,
    read_quotas,
    read_ramp,
    template_defaults,
)
from benchmarks.capacity.scenarios import (
    RUSH_S,
    SHARE,
    WAIT_S,
    AnswerTime,
    Scenario,
    expected_backlog,
    few_workers,
    rush_scenarios,
    steady_scenarios,
    workers_needed,
)
from benchmarks.cost.figures import read_calls, read_figures
from benchmarks.cost.prices import read
from benchmarks.cost.report import table
from benchmarks.cost.usage import Model


@dataclass(frozen=True, slots=True)
class Capacity:
    """People, quotas and figures of one report."""

    crowd: Crowd
    model: Model
    quotas: tuple[Quota, ...]
    ramp: Ramp
    tier: int
    maximum: int

    @classmethod
    def load(cls, crowd: Crowd, *, tier: int = 1, parameters: Mapping[str, str]) -> Capacity:
        """Read quotas and figures.

        Raises:
            UnknownTier: nothing is known of this model's tier.
        """
        quotas = read_quotas(crowd.model, tier, parameters)
        model = Model(read_calls(), read_figures(), read().month_hours)
        values = {**template_defaults(), **parameters}
        return cls(crowd, model, quotas, read_ramp(), tier, int(values["MaximumConcurrency"]))

    @property
    def time(self) -> AnswerTime:
        """How long one question takes."""
        return AnswerTime.of(self.crowd, self.model)

    def loads(self) -> list[Load]:
        """Every quota, the first to bind first."""
        return loads(self.crowd, self.model, self.quotas)


def binding(capacity: Capacity) -> str:
    """Which quota binds at how many people, and what to raise."""
    rows = [
        (
            "**yes**" if load.exceeded else "no",
            load.quota.name,
            f"{_number(float(load.demand))} {load.quota.unit}",
            _number(float(load.quota.limit)),
            "-" if load.binds_at is None else f"{load.binds_at:,}",
            load.quota.remedy,
        )
        for load in capacity.loads()
    ]
    people = f"asked by {capacity.crowd.users:,} people"
    return table(("binds", "quota", people, "limit", "binds above people", "what to raise"), rows)


def advice(capacity: Capacity) -> str:
    """What to set for this many people, as a list."""
    crowd, time = capacity.crowd, capacity.time
    streams = float(crowd.qps) * time.mean_s
    needed = workers_needed(crowd, time)
    lines = [
        f"`MaximumConcurrency={needed}` with `BatchSize=1`: {streams:.1f} streams at one time, and "
        f"{SHARE:.0%} of the questions wait at most {WAIT_S:g} s (Erlang C, Allen and Cunneen). Or "
        f"`MaximumConcurrency={few_workers(crowd, capacity.model)}` with `BatchSize=10`: see below."
    ]
    tier = enough_tier(capacity)
    lines.append(
        f"Usage tier {tier} of {crowd.model}." if tier else f"No tier of {crowd.model} is enough."
    )
    own = {"workers", "model_requests", "model_tokens"}
    others = [load for load in capacity.loads() if load.exceeded and load.quota.key not in own]
    lines += [f"{load.quota.name}: {load.quota.remedy}." for load in others]
    return "".join(f"- {line}\n" for line in lines)


def enough_tier(capacity: Capacity) -> int | None:
    """The lowest usage tier of the model that carries these people."""
    for tier in range(1, 10):
        try:
            quotas = read_quotas(capacity.crowd.model, tier, {})
        except UnknownTier:
            return None
        models = tuple(quota for quota in quotas if quota.key.startswith("model_"))
        if not any(load.exceeded for load in loads(capacity.crowd, capacity.model, models)):
            return tier
    return None


def steady(capacity: Capacity) -> str:
    """Half an hour of the busiest hour, simulated, beside the formulas."""
    found = steady_scenarios(capacity.crowd, capacity.model, capacity.ramp, capacity.maximum)
    head = (
        "busiest hour",
        "workers x batch",
        "wait p50",
        "p99",
        "mean",
        "mean by formula",
        "questions per invocation",
        "worker seconds per answer",
        "by formula",
    )
    return table(head, [_steady_row(scenario) for scenario in found])


def rush(capacity: Capacity) -> str:
    """Everybody within a minute, simulated: where the ramp of the mapping binds."""
    rows = [
        (
            scenario.name,
            f"{scenario.run.peak_waiting:,}",
            f"{scenario.run.peak_busy:,}",
            f"{scenario.run.wait_quantile(0.5):.1f} s",
            f"{scenario.run.wait_quantile(0.99):.1f} s",
            f"{scenario.run.ended_s:.0f} s",
        )
        for scenario in rush_scenarios(capacity.crowd, capacity.time, capacity.ramp)
    ]
    head = ("everybody in a minute", "longest queue", "most workers", "wait p50", "p99", "all done")
    expected = expected_backlog(capacity.crowd, capacity.time, capacity.ramp)
    return (
        table(head, rows)
        + f"\nOne at a time, the fluid model expects {expected:,.0f} waiting after {RUSH_S} s.\n"
    )


def sources(capacity: Capacity) -> str:
    """Where the limits come from."""
    said = {"page": "provider's page", "copy": "copy of it", "template": "default parameter"}
    rows = [
        (
            quota.name,
            f"{_number(float(quota.limit))} {quota.unit}",
            quota.as_of or "-",
            said[quota.checked],
            quota.source,
        )
        for quota in capacity.quotas
    ]
    return table(("quota", "limit", "as of", "checked", "source"), rows)


def _steady_row(scenario: Scenario) -> tuple[str, ...]:
    run = scenario.run
    settled = sorted(run.waits[scenario.settled :])
    formula = "-" if scenario.expected_wait_s is None else f"{scenario.expected_wait_s:.2f} s"
    waits = [
        *(f"{settled[int(at * len(settled))]:.1f} s" for at in (0.5, 0.99)),
        f"{run.mean_wait(scenario.settled):.2f} s",
        formula,
    ]
    return (
        scenario.name,
        f"{scenario.maximum} x {scenario.batch_size}",
        *(["grows"] * 4 if scenario.overloaded else waits),
        f"{run.questions_per_invocation:.2f}",
        f"{scenario.worker_s:.2f}",
        "-" if scenario.expected_worker_s is None else f"{scenario.expected_worker_s:.2f}",
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def all_tables(capacity: Capacity) -> Iterable[str]:
    """What `make capacity` prints."""
    yield binding(capacity)
    yield "For so many people:\n\n" + advice(capacity)
    yield steady(capacity)
    yield rush(capacity)
