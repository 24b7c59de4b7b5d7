"""Bodies of figures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from http_api.models.base import Count, Milliseconds, Model


class Percentiles(Model):
    """Milliseconds, within 1 % of the exact value (see docs/http-api.md)."""

    p50: float
    p95: float


class Figures(Model):
    """Sums over questions that have ended; ``None`` where nothing was measured."""

    questions: Count
    done: Count
    errors: Count
    cancelled: Count
    truncated: Count
    abstained: Count
    cache_hits: Count
    up: Count
    down: Count
    cost_usd: float
    prompt_tokens: Count
    completion_tokens: Count
    first_token_ms: Percentiles | None
    total_ms: Percentiles | None


class InsightsDay(Figures):
    """The figures of the questions asked on one day (UTC)."""

    day: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class TopQuestion(Model):
    """A question that was asked most, spelled as it was asked last."""

    question: str
    count: Count
    cache_hits: Count
    last_at: Milliseconds


class FailedQuestion(Model):
    """A question whose answer ended in an error, was cut short or stopped, or abstained."""

    question: str
    state: Literal["error", "truncated", "cancelled", "abstained"]
    code: str | None
    answer_id: str
    conversation_id: str
    at: Milliseconds


class Insights(Model):
    """Figures of the last days, each day once, oldest first."""

    from_day: str
    to_day: str
    days: list[InsightsDay]
    totals: Figures
    top_questions: list[TopQuestion]
    failed_questions: list[FailedQuestion]
