"""Figures by day, from receipts; the sums of past days are kept."""

from __future__ import annotations

from collections.abc import Callable

from copilot.answer_log.receipts import DAY_S, Receipts, Rollup, day_of, day_start
from copilot.identity import Identity
from copilot.table import Table
from http_api.insights.tally import (
    Tally,
    decode,
    encode,
    failed_questions,
    figures,
    tally,
    together,
    top_questions,
)
from http_api.models.insights import Figures, Insights, InsightsDay

_SETTLED_S = 600
"""How long after a day's end its sums are kept, so that clocks may differ."""


class TableInsightDesk:
    """``services.InsightDesk``. ``now`` is the wall clock in seconds.

    ``whole_tenant`` shows everybody's figures; without sign-in a person sees their own.
    """

    def __init__(
        self,
        table: Table,
        now: Callable[[], float],
        *,
        retention_s: int,
        whole_tenant: bool = False,
    ) -> None:
        self._receipts = Receipts(table, now)
        self._now = now
        self._retention_s = retention_s
        self._whole_tenant = whole_tenant

    def insights(self, who: Identity, days: int) -> Insights:
        user = None if self._whole_tenant else who.user
        now = self._now()
        asked_for = [day_of(now - ago * DAY_S) for ago in range(days - 1, -1, -1)]
        # What is older has expired; there is nothing to read.
        kept = [day for day in asked_for if day_start(day) + DAY_S + self._retention_s > now]
        known = self._receipts.rollups(who.tenant, kept, user)
        tallies = {day: self._of_day(who.tenant, day, user, known[day]) for day in kept}
        by_day = [(day, tallies.get(day) or Tally()) for day in asked_for]
        total = together(sums for _, sums in by_day)
        return Insights(
            from_day=asked_for[0],
            to_day=asked_for[-1],
            days=[InsightsDay(day=day, **figures(sums)) for day, sums in by_day],
            totals=Figures(**figures(total)),
            top_questions=top_questions(total),
            failed_questions=failed_questions(total),
        )

    def _of_day(self, tenant: str, day: str, user: str | None, known: Rollup) -> Tally:
        if known.body is not None:
            return decode(known.body)
        sums = tally(self._receipts.of_day(tenant, day, user))
        if day_start(day) + DAY_S + _SETTLED_S < self._now():
            self._receipts.keep(
                tenant, day, user, known, encode(sums), retention_s=self._retention_s
            )
        return sums
