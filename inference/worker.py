"""Answers one question of the queue: take the answer, run its turn, publish it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from copilot.answer_log.answers import Lease
from copilot.answer_log.header import Fenced, NotTaken
from copilot.conversations.history import Message
from copilot.telemetry.metrics import Metrics
from inference.answering.knowledge import Parts
from inference.answering.turn import Limits, refused, run_turn
from inference.answering.turn_events import Question, Status, TurnEvent
from inference.cache.guards.exploration import NEVER, Exploration
from inference.demand import Demand
from inference.engine import EngineLoader, EngineUnusable
from inference.metering.meter import Meter
from inference.metering.metered_ports import MeteredCache, MeteredLog, MeteredModel, MeteredSink
from inference.ports import ChatMessage, ChatModel, Clock, HitCheck
from inference.publisher import Publisher

logger = logging.getLogger(__name__)

_MAX_WAIT_S = 300


class Leases(Protocol):
    """What a worker asks of the answer log, besides publishing."""

    async def take(self, answer_id: str) -> Lease: ...

    async def release(self, lease: Lease) -> None: ...

    async def history(self, lease: Lease) -> list[Message]: ...


class Delivery(Struct, frozen=True, kw_only=True):
    """How a question came: how often the queue has delivered it, and when it was put there (seconds
    since 1970).
    """

    times: int = 1
    sent_at: float | None = None


class Outcome(Struct, frozen=True, kw_only=True):
    """What becomes of the queue's message: it is done, or comes back after some seconds."""

    done: bool
    retry_after_s: int = 0


DONE = Outcome(done=True)


def come_back(first_wait_s: int, deliveries: int) -> Outcome:
    """The message comes back, each time after twice as long."""
    return Outcome(done=False, retry_after_s=min(first_wait_s * 2 ** (deliveries - 1), _MAX_WAIT_S))


class Worker:
    """Answers questions; one for a process."""

    def __init__(
        self,
        *,
        leases: Leases,
        publisher: Publisher,
        engine: EngineLoader,
        model: ChatModel,
        clock: Clock,
        metrics: Metrics,
        limits: Limits,
        exploration: Exploration = NEVER,
        hit_check: HitCheck | None = None,
    ) -> None:
        self._leases = leases
        self._publisher = publisher
        self._engine = engine
        self._model = model
        self._clock = clock
        self._metrics = metrics
        self._limits = limits
        self._exploration = exploration
        self._hit_check = hit_check

    async def answer(self, answer_id: str, *, deadline: float, delivery: Delivery) -> Outcome:
        """Answer ``answer_id``, which came by ``delivery``.

        ``deadline`` is the end of the invocation on the monotonic clock. Whatever is raised, the
        lease has been given up.
        """
        came = self._clock.time()
        meter = Meter(self._clock, max(0.0, came - (delivery.sent_at or came)))
        try:
            lease = await self._leases.take(answer_id)
        except NotTaken as refusal:
            logger.info("not taken", extra={"answer_id": answer_id, "reason": refusal.reason})
            if refusal.reason != "leased":
                return DONE
            # Its worker is alive. The message must outlive that worker, so it waits for longer
            # each time instead of being acknowledged.
            return come_back(max(refusal.retry_after_s, 1), delivery.times)
        try:
            await self._publish(lease, deadline, meter)
        except Fenced:
            logger.warning("another worker has the answer", extra={"answer_id": answer_id})
        except Exception:
            # Whoever gets the message next need not wait for this lease to expire.
            await self._leases.release(lease)
            raise
        return DONE

    async def _publish(self, lease: Lease, deadline: float, meter: Meter) -> None:
        cancelled, wanted = asyncio.Event(), Demand()
        if lease.header.cancelled:
            cancelled.set()
        publisher = replace(
            self._publisher,
            log=MeteredLog(self._publisher.log, meter),
            sink=MeteredSink(self._publisher.sink, meter),
        )
        events = meter.events(self._events(lease, deadline, cancelled, wanted, meter))
        end = await publisher.publish(lease, events, cancelled, wanted)
        self._metrics.record(
            "answered",
            meter.figures(lease, end),
            answer_id=lease.answer_id,
            epoch=end.epoch,
            attempts=lease.header.attempts,
            state=end.state,
            finish_reason=end.finish_reason,
            error=end.error.code if end.error else None,
            model=end.receipt.model if end.receipt else None,
            corpus_version=end.receipt.corpus_version if end.receipt else None,
            cache=end.receipt.cache.decision if end.receipt else None,
        )

    async def _events(
        self,
        lease: Lease,
        deadline: float,
        cancelled: asyncio.Event,
        wanted: Demand,
        meter: Meter,
    ) -> AsyncGenerator[TurnEvent]:
        if not self._engine.is_ready:
            yield Status("waking")
        history = await self._leases.history(lease)
        try:
            engine = await asyncio.to_thread(self._engine.newest)
        except EngineUnusable as error:
            logger.error("engine unusable", extra={"reason": str(error)})
            yield refused("index_unusable", str(error), retryable=False)
            return
        parts = Parts(
            embedder=engine.embedder,
            retriever=engine.retriever,
            cache=MeteredCache(engine.cache, meter),
            model=MeteredModel(self._model, meter),
            clock=self._clock,
            exploration=self._exploration,
            hit_check=self._hit_check,
        )
        turn = run_turn(
            question_of(lease, history),
            parts,
            limits=self._limits,
            deadline=deadline,
            cancelled=cancelled,
            wanted=wanted,
        )
        async with aclosing(turn) as events:
            async for event in events:
                yield event


def question_of(lease: Lease, history: list[Message]) -> Question:
    """The question of a lease, with the messages that were said before it."""
    asked, identity = lease.question, lease.header.identity
    said = [
        ChatMessage(role=message.role, content=message.text)
        for message in history
        if message.text and message.state != "error"
    ]
    return Question(
        text=asked.text,
        tenant=identity.tenant,
        user=identity.user,
        answer_id=lease.answer_id,
        groups=identity.reads,
        filters=asked.filters,
        fresh=asked.fresh,
        history=said,
    )
