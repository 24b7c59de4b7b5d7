"""The ports of one answer with a meter between: whatever passes is counted, and passed on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from copilot.answer_log.answers import Flushed, Lease
from copilot.answer_log.ending import Ending
from copilot.wire import End, Source
from inference.demand import Demand
from inference.metering.meter import Meter
from inference.ports import (
    AnswerCache,
    CachedAnswer,
    CacheScope,
    ChatMessage,
    ChatModel,
    Finished,
    Observation,
    Origin,
    Passage,
    Prompt,
    Sink,
    TextDelta,
)
from inference.publisher import Log

if TYPE_CHECKING:
    from inference.ports import Vector


class MeteredLog:
    """``publisher.Log`` with its writes timed."""

    def __init__(self, log: Log, meter: Meter) -> None:
        self._log = log
        self._meter = meter

    async def flush(self, lease: Lease, seq: int, chunk: str | list[Source]) -> Flushed:
        """See ``Log``."""
        text = isinstance(chunk, str)
        return await self._meter.persist(self._log.flush(lease, seq, chunk), text=text)

    async def heartbeat(self, lease: Lease) -> Flushed:
        """See ``Log``."""
        return await self._log.heartbeat(lease)

    async def restart(self, lease: Lease) -> Lease:
        """See ``Log``."""
        return await self._log.restart(lease)

    async def finish(self, lease: Lease, ending: Ending) -> tuple[End, Flushed]:
        """See ``Log``."""
        finished = await self._meter.persist(self._log.finish(lease, ending))
        self._meter.ends()
        return finished

    async def drop_subscriber(self, answer_id: str, connection_id: str) -> None:
        """See ``Log``."""
        await self._log.drop_subscriber(answer_id, connection_id)


class MeteredSink:
    """``ports.Sink`` with its posts timed."""

    def __init__(self, sink: Sink, meter: Meter) -> None:
        self._sink = sink
        self._meter = meter

    async def post(self, connection_id: str, frame: bytes) -> None:
        """See ``ports.Sink``."""
        await self._meter.push(self._sink.post(connection_id, frame))


class MeteredModel:
    """``ports.ChatModel`` with its attempts counted."""

    def __init__(self, model: ChatModel, meter: Meter) -> None:
        self.name = model.name
        self.metered = model.metered
        self._model = model
        self._meter = meter

    def stream(
        self, prompt: Prompt, wanted: Demand | None = None
    ) -> AsyncIterator[TextDelta | Finished]:
        """See ``ports.ChatModel``."""
        self._meter.asks_model()
        return self._model.stream(prompt, wanted)

    async def complete(self, messages: Sequence[ChatMessage]) -> str | None:
        """See ``ports.ChatModel``."""
        return await self._model.complete(messages)


class MeteredCache:
    """``ports.AnswerCache`` with its failures counted."""

    def __init__(self, cache: AnswerCache, meter: Meter) -> None:
        self.threshold = cache.threshold
        self._cache = cache
        self._counted = meter.ask_cache

    async def lookup(self, question: str, vector: Vector, scope: CacheScope) -> list[CachedAnswer]:
        """See ``ports.AnswerCache``."""
        return await self._counted(self._cache.lookup(question, vector, scope))

    async def store(
        self,
        question: str,
        vector: Vector,
        scope: CacheScope,
        *,
        text: str,
        passages: Sequence[Passage],
        origin: Origin,
    ) -> None:
        """See ``ports.AnswerCache``."""
        call = self._cache.store(
            question, vector, scope, text=text, passages=passages, origin=origin
        )
        await self._counted(call)

    async def observe(self, observation: Observation) -> None:
        """See ``ports.AnswerCache``."""
        await self._counted(self._cache.observe(observation))

    async def forget_answer(self, tenant: str, answer_id: str, *, entry: str | None) -> None:
        """See ``ports.AnswerCache``."""
        await self._counted(self._cache.forget_answer(tenant, answer_id, entry=entry))

    async def forget_user(self, tenant: str, user: str) -> None:
        """See ``ports.AnswerCache``."""
        await self._counted(self._cache.forget_user(tenant, user))
