"""What so many people ask of each quota at their busiest. Pure; linear in people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from benchmarks.capacity.quotas import Quota
from benchmarks.cost.usage import Model
from benchmarks.cost.workload import Workload

RECONNECT_S = Fraction(1, 2), Fraction(20)
"""Least and most seconds that a page waits before it connects again (chat-ui/src/chat)."""
PLANNED_RECONNECT_S = 110 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """People at their busiest hour. ``questions_per_hour`` is each person's."""

    users: int
    questions_per_hour: Fraction = Fraction(6)
    answer_tokens: int = 300
    cache_hits: Fraction = Fraction(0)
    batch_size: int = 1
    model: str = "gpt-4o-mini"

    @property
    def qps(self) -> Fraction:
        """Questions a second."""
        return self.users * self.questions_per_hour / 3600

    def workload(self) -> Workload:
        """The same as the cost model has it."""
        return Workload(
            qps=self.qps,
            answer_tokens=self.answer_tokens,
            cache_hits=self.cache_hits,
            batch_size=self.batch_size,
            users=self.users,
            model=self.model,
        )


@dataclass(frozen=True, slots=True)
class Load:
    """How much of one quota is used, and at how many people it is used up."""

    quota: Quota
    demand: Fraction
    binds_at: int | None

    @property
    def exceeded(self) -> bool:
        """Whether it binds."""
        return self.demand > self.quota.limit


def demands(crowd: Crowd, model: Model) -> Mapping[str, Fraction]:
    """Demand on each quota, by its key."""
    work = crowd.workload()
    misses = crowd.qps * (1 - crowd.cache_hits)
    hits = crowd.qps - misses
    streams = model.offered(work)
    calls = model.calls
    posts = misses * (model.deltas(work) + calls.other_posts) + hits * (1 + calls.other_posts)
    pings = Fraction(crowd.users) / (60 * model.value("ping_minutes"))
    connects = Fraction(crowd.users, PLANNED_RECONNECT_S)
    visits = Fraction(crowd.users) / (60 * model.value("visit_minutes"))
    requests = visits * model.value("http_requests_per_visit")
    incoming = crowd.qps + pings + 3 * connects
    text = model.text_bytes(work)
    writes = misses * (calls.ask_writes + calls.writes(model.deltas(work), text))
    writes += hits * (calls.ask_writes + calls.writes(1, text)) + connects * calls.visit_writes
    zip_streams = incoming * model.value("zip_ms") / 1000 + requests * model.value("http_ms") / 1000
    tokens = model.prompt_tokens(work) + crowd.answer_tokens
    workers = streams / crowd.batch_size
    least, most = RECONNECT_S
    return {
        "workers": workers,
        "mapping": workers,
        "concurrency": workers + zip_streams,
        "socket_messages": incoming,
        "http_requests": requests,
        "gateway": incoming + crowd.qps + posts + requests,
        "new_connections": crowd.users / ((least + most) / 2),
        "table_writes": writes,
        "partition_writes": crowd.qps * calls.tenant_writes,
        "model_requests": 60 * misses,
        "model_tokens": 60 * misses * tokens,
    }


def loads(crowd: Crowd, model: Model, quotas: tuple[Quota, ...]) -> list[Load]:
    """Every quota with what is asked of it, the one that binds first before the others."""
    wanted = demands(crowd, model)
    found = []
    for quota in quotas:
        demand = wanted[quota.key]
        at = quota.limit * crowd.users / demand if demand else None
        found.append(Load(quota, demand, None if at is None else at.numerator // at.denominator))
    return sorted(found, key=lambda load: (load.binds_at is None, load.binds_at))
