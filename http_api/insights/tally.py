"""What is counted of a day's receipts: sums that can be added, and stored as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from copilot.answer_log.receipts import StoredReceipt
from http_api.insights import histogram
from http_api.models.insights import FailedQuestion, Percentiles, TopQuestion

ABSTAINED = "abstained"
_TOP_KEPT = 100
"""Questions kept of a day; beyond it the rarest are forgotten, so that the sum of days is exact
only for questions among the 100 most asked of each day."""

_FAILED_KEPT = 50
_TOP_SHOWN = 10
_FAILED_SHOWN = 20
_QUESTION_CHARS = 300
_COUNTS = (
    *("questions", "done", "errors", "cancelled", "truncated", "abstained", "cache_hits"),
    *("up", "down", "prompt_tokens", "completion_tokens", "cost_usd"),
)
_STATES = {"done": "done", "error": "errors", "cancelled": "cancelled", "truncated": "truncated"}


class Asked(Struct):
    """One question, however often it was asked."""

    question: str
    count: int = 0
    cache_hits: int = 0
    last: int = 0


class Failed(Struct):
    """A question without a whole answer; ``at`` in seconds since 1970."""

    question: str
    state: str
    code: str | None
    answer_id: str
    conversation_id: str
    at: int


class Tally(Struct):
    """The sums of some receipts."""

    questions: int = 0
    done: int = 0
    errors: int = 0
    cancelled: int = 0
    truncated: int = 0
    abstained: int = 0
    cache_hits: int = 0
    up: int = 0
    down: int = 0
    cost_usd: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_token: histogram.Buckets = {}
    total: histogram.Buckets = {}
    asked: dict[str, Asked] = {}
    failed: list[Failed] = []


def tally(receipts: Iterable[StoredReceipt]) -> Tally:
    """Count receipts."""
    sums = Tally()
    for receipt in receipts:
        _count(sums, receipt)
    return _trimmed(sums)


def together(parts: Iterable[Tally]) -> Tally:
    """The sum of tallies."""
    parts = list(parts)
    sums = Tally()
    for name in _COUNTS:
        setattr(sums, name, sum(getattr(part, name) for part in parts))
    sums.first_token = histogram.merged(part.first_token for part in parts)
    sums.total = histogram.merged(part.total for part in parts)
    for part in parts:
        for key, asked in part.asked.items():
            known = sums.asked.setdefault(key, Asked(question=asked.question))
            known.count += asked.count
            known.cache_hits += asked.cache_hits
            if asked.last >= known.last:
                known.last, known.question = asked.last, asked.question
        sums.failed += part.failed
    return sums


def encode(sums: Tally) -> str:
    """A tally to be stored."""
    return msgspec.json.encode(sums).decode()


def decode(body: str) -> Tally:
    """A stored tally."""
    return msgspec.json.decode(body, type=Tally)


def figures(sums: Tally) -> dict[str, Any]:
    """The fields of ``Figures``."""
    fields = {name: getattr(sums, name) for name in _COUNTS}
    return {
        **fields,
        "cost_usd": round(sums.cost_usd, 6),
        "first_token_ms": _percentiles(sums.first_token),
        "total_ms": _percentiles(sums.total),
    }


def top_questions(sums: Tally) -> list[TopQuestion]:
    """What was asked most, the latest first among equals."""
    ranked = sorted(sums.asked.values(), key=lambda asked: (-asked.count, -asked.last))
    return [
        TopQuestion(
            question=a.question, count=a.count, cache_hits=a.cache_hits, last_at=a.last * 1000
        )
        for a in ranked[:_TOP_SHOWN]
    ]


def failed_questions(sums: Tally) -> list[FailedQuestion]:
    """What got no whole answer, the latest first."""
    latest = sorted(sums.failed, key=lambda failed: -failed.at)
    return [
        FailedQuestion.model_validate(
            {
                "question": f.question,
                "state": f.state,
                "code": f.code,
                "answer_id": f.answer_id,
                "conversation_id": f.conversation_id,
                "at": f.at * 1000,
            }
        )
        for f in latest[:_FAILED_SHOWN]
    ]


def _count(sums: Tally, receipt: StoredReceipt) -> None:
    hit = receipt.cache == "hit"
    abstained = receipt.finish_reason == ABSTAINED
    sums.questions += 1
    name = _STATES[receipt.state]
    setattr(sums, name, getattr(sums, name) + 1)
    sums.abstained += abstained
    sums.cache_hits += hit
    sums.up += receipt.rating == "up"
    sums.down += receipt.rating == "down"
    sums.cost_usd += receipt.cost_usd or 0.0
    sums.prompt_tokens += receipt.prompt_tokens
    sums.completion_tokens += receipt.completion_tokens
    if receipt.first_token_ms is not None:
        histogram.add(sums.first_token, receipt.first_token_ms)
    if receipt.total_ms is not None:
        histogram.add(sums.total, receipt.total_ms)
    question = " ".join(receipt.question.split())[:_QUESTION_CHARS]
    if question:
        asked = sums.asked.setdefault(question.casefold(), Asked(question=question))
        asked.count += 1
        asked.cache_hits += hit
        if receipt.at >= asked.last:
            asked.last, asked.question = receipt.at, question
    if receipt.state != "done" or abstained:
        sums.failed.append(
            Failed(
                question=question,
                state=ABSTAINED if receipt.state == "done" else receipt.state,
                code=receipt.code,
                answer_id=receipt.answer_id,
                conversation_id=receipt.conversation_id,
                at=receipt.at,
            )
        )


def _trimmed(sums: Tally) -> Tally:
    kept = sorted(sums.asked.items(), key=lambda item: (-item[1].count, -item[1].last))
    sums.asked = dict(kept[:_TOP_KEPT])
    sums.failed = sorted(sums.failed, key=lambda failed: -failed.at)[:_FAILED_KEPT]
    return sums


def _percentiles(buckets: histogram.Buckets) -> Percentiles | None:
    p50, p95 = histogram.quantile(buckets, 0.5), histogram.quantile(buckets, 0.95)
    if p50 is None or p95 is None:
        return None
    return Percentiles(p50=round(p50, 1), p95=round(p95, 1))
