"""Watches one answer being written, and counts. It changes nothing that passes.

One meter is for one answer; what it saw becomes figures once the answer has ended.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from typing import TypeVar

from copilot.answer_log.answers import Lease
from copilot.telemetry import metrics
from copilot.telemetry.metrics import Metric
from copilot.wire import End, Receipt
from inference.answering.turn_events import TurnEvent
from inference.ports import (
    CacheAbsent,
    CacheUnavailable,
    Clock,
    ConnectionGone,
    TextDelta,
    Throttled,
)

T = TypeVar("T")
Values = dict[Metric, float | Sequence[float]]

_STAGES = {
    "embed": metrics.EMBED_TIME,
    "cache": metrics.CACHE_TIME,
    "retrieve": metrics.RETRIEVE_TIME,
}


class Meter:
    """Counts for one answer. ``waited_s`` is how long its question lay in the queue."""

    def __init__(self, clock: Clock, waited_s: float) -> None:
        self._clock = clock
        self._waited_s = waited_s
        self._began = clock.monotonic()
        self._text_stored = math.inf
        self._text_pushed = math.inf
        self._asked_model = math.inf
        self._first_word = math.inf
        self._ended = math.inf
        self.attempts = 0
        self.persists_ms: list[float] = []
        self.pushes_ms: list[float] = []
        self.throttled = 0
        self.gone = 0
        self.cache_failures = 0

    async def events(self, events: AsyncGenerator[TurnEvent]) -> AsyncGenerator[TurnEvent]:
        """Pass ``events`` on."""
        async with aclosing(events) as passing:
            async for event in passing:
                if isinstance(event, TextDelta):
                    self._first_word = min(self._first_word, self._clock.monotonic())
                yield event

    def asks_model(self) -> None:
        """An attempt at the model begins."""
        self.attempts += 1
        self._asked_model = min(self._asked_model, self._clock.monotonic())

    async def persist(self, call: Awaitable[T], *, text: bool = False) -> T:
        """Time a write to the answer log; ``text``: it stores text of the answer."""
        began = self._clock.monotonic()
        done = await call
        now = self._clock.monotonic()
        self.persists_ms.append(_ms(now - began))
        if text:
            self._text_stored = min(self._text_stored, now)
        return done

    def ends(self) -> None:
        """The answer has ended; what follows is no part of its time."""
        self._ended = self._clock.monotonic()

    async def push(self, call: Awaitable[None]) -> None:
        """Time a post."""
        began = self._clock.monotonic()
        try:
            await call
        except Throttled:
            self.throttled += 1
            raise
        except ConnectionGone:
            self.gone += 1
            raise
        now = self._clock.monotonic()
        self.pushes_ms.append(_ms(now - began))
        if self._text_stored < math.inf:
            self._text_pushed = min(self._text_pushed, now)

    async def ask_cache(self, call: Awaitable[T]) -> T:
        """Count a call to the cache that fails; that there is none is no failure."""
        try:
            return await call
        except CacheAbsent:
            raise
        except CacheUnavailable:
            self.cache_failures += 1
            raise

    def figures(self, lease: Lease, end: End) -> Values:
        """The figures of the answer that has ended with ``end``."""
        error = end.state == "error"
        values: Values = {
            metrics.ANSWERS: 1,
            metrics.ANSWER_ERRORS: int(error),
            metrics.ABSTENTIONS: int(end.finish_reason == "abstained"),
            metrics.TAKEOVERS: int(lease.header.attempts > 1),
            metrics.MODEL_ERRORS: self.attempts - int(self.attempts > 0 and not error),
            metrics.CACHE_FAILURES: self.cache_failures,
            metrics.QUEUE_TIME: _ms(self._waited_s),
            metrics.ANSWER_TIME: self._since_asked(self._ended),
            metrics.PERSIST_TIME: self.persists_ms,
            metrics.PUSH_TIME: self.pushes_ms,
            metrics.POSTS: len(self.pushes_ms),
            metrics.THROTTLED_POSTS: self.throttled,
            metrics.GONE_CONNECTIONS: self.gone,
        }
        # With nobody listening, text has arrived when it is stored.
        first_text = self._text_pushed if self._text_pushed < math.inf else self._text_stored
        if first_text < math.inf:
            values[metrics.FIRST_TOKEN_TIME] = self._since_asked(first_text)
        if self._asked_model <= self._first_word < math.inf:
            values[metrics.MODEL_WAIT_TIME] = _ms(self._first_word - self._asked_model)
        return values | (_of_receipt(end.receipt) if end.receipt else {})

    def _since_asked(self, moment: float) -> float:
        return _ms(self._waited_s + moment - self._began)


def _of_receipt(receipt: Receipt) -> Values:
    values: Values = {
        metrics.CACHE_HITS: int(receipt.cache.decision == "hit"),
        metrics.CACHE_MISSES: int(receipt.cache.decision == "miss"),
        metrics.PROMPT_TOKENS: receipt.tokens.prompt,
        metrics.COMPLETION_TOKENS: receipt.tokens.completion,
    }
    values |= {_STAGES[s.name]: round(s.ms, 1) for s in receipt.stages if s.name in _STAGES}
    if receipt.cost_usd is not None:
        values[metrics.COST] = receipt.cost_usd
    return values


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
