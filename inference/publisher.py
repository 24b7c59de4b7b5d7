"""Publishes a turn: coalesce, number, then persist, fence, push. It decides nothing about words.

One window serves persisting and pushing: the first text leaves at once, then one frame per window.
Every flush goes through the answer log first; only a worker that still owns the answer pushes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from copilot.answer_log.answers import Flushed, Lease
from copilot.answer_log.ending import Ending
from copilot.wire import (
    MAX_DELTA_BYTES,
    AnyServerEvent,
    Delta,
    End,
    Source,
    Sources,
    Stage,
    Start,
    encode_event,
)
from copilot.wire import Status as StatusFrame
from inference.answering.mailbox import Closed, Mailbox, Tick
from inference.answering.turn_events import Ended, Found, Restarted, Started, Status, TurnEvent
from inference.demand import Demand
from inference.ports import Clock, ConnectionGone, PushRefused, Sink, TextDelta, Throttled

logger = logging.getLogger(__name__)


_STEPS_TO_READ = 10
"""Steps of the event loop in which all that a model has said gets from its library's buffers into
the mailbox. Where nothing waits there already, the reader leaves its socket alone while nothing is
wanted, and what has come since is one piece."""


class Log(Protocol):
    """The answer log as a publisher needs it. Every method may raise ``Fenced``."""

    async def flush(self, lease: Lease, seq: int, chunk: str | list[Source]) -> Flushed: ...

    async def heartbeat(self, lease: Lease) -> Flushed: ...

    async def restart(self, lease: Lease) -> Lease: ...

    async def finish(self, lease: Lease, ending: Ending) -> tuple[End, Flushed]: ...

    async def drop_subscriber(self, answer_id: str, connection_id: str) -> None: ...


class Pace(Struct, frozen=True, kw_only=True):
    """Times in seconds. ``heartbeat_s`` lies well inside the lease, so that one may be late."""

    window_s: float = 0.112
    max_window_s: float = 0.5
    heartbeat_s: float = 3.0
    push_patience_s: float = 5.0
    """How long one frame is offered to a connection that is throttled."""


class Publisher(Struct, frozen=True):
    """Publishes answers through one log and one sink."""

    log: Log
    sink: Sink
    clock: Clock
    pace: Pace

    async def publish(
        self,
        lease: Lease,
        events: AsyncGenerator[TurnEvent],
        cancelled: asyncio.Event,
        wanted: Demand | None = None,
    ) -> End:
        """Publish ``events`` under ``lease`` and return the terminal event that was stored.

        ``cancelled`` is set when a person asked to stop; ``events`` must then end by itself.
        ``wanted`` is cleared while a window is open: ``events`` need not bring text before its end.

        Raises:
            Fenced: another worker owns the answer now, or it has ended; nothing more was pushed.
        """
        publication = _Publication(self, lease, cancelled, wanted or Demand())
        reader = asyncio.ensure_future(publication.read(events))
        ticker = asyncio.ensure_future(publication.tick())
        try:
            end = await publication.run()
            await reader
        finally:
            for task in (reader, ticker):
                task.cancel()
            await asyncio.gather(reader, ticker, return_exceptions=True)
            await events.aclose()
        if end is None:
            raise AssertionError("a turn broke off without an ending")
        return end


class _Publication:
    """The state of one answer being published."""

    def __init__(
        self,
        publisher: Publisher,
        lease: Lease,
        cancelled: asyncio.Event,
        wanted: Demand,
    ) -> None:
        self._log = publisher.log
        self._sink = publisher.sink
        self._clock = publisher.clock
        self._pace = publisher.pace
        self._window = publisher.pace.window_s
        self._lease = lease
        self._cancelled = cancelled
        self._wanted = wanted
        self._mailbox = Mailbox()
        self._subscribers = lease.header.subscribers
        self._behind: set[str] = set()
        self._stage: Stage | None = None
        self._fenced_at = self._gathering_since = self._clock.monotonic()
        self._posts = 0
        self._begin()

    def _begin(self) -> None:
        self._seq = 0
        self._text: list[str] = []
        self._sources: list[Source] = []

    async def read(self, events: AsyncGenerator[TurnEvent]) -> None:
        """Move the turn's events into the mailbox, as fast as they come."""
        try:
            async for event in events:
                self._mailbox.put(event)
        finally:
            self._mailbox.put(Closed())

    async def tick(self) -> None:
        """Ask for a heartbeat whenever nothing was fenced for a while."""
        while True:
            await self._clock.sleep(self._pace.heartbeat_s)
            if self._clock.monotonic() - self._fenced_at >= self._pace.heartbeat_s / 2:
                self._mailbox.put(Tick())

    async def run(self) -> End | None:
        """Publish item after item; ``None`` if the turn broke off without an ending."""
        while True:
            item = await self._mailbox.take(MAX_DELTA_BYTES)
            if isinstance(item, Ended):
                return await self._finish(item)
            if isinstance(item, Closed):
                return None
            await self._publish(item)

    async def _publish(self, item: TurnEvent | Tick) -> None:
        if isinstance(item, TextDelta):
            await self._send_text(item.text)
        elif isinstance(item, Found):
            await self._send_sources(item.items)
        elif isinstance(item, Started):
            epoch = self._lease.epoch
            await self._push(Start(answer_id=self._lease.answer_id, epoch=epoch, cache=item.cache))
        elif isinstance(item, Status):
            self._stage = item.stage
            await self._push_status()
        elif isinstance(item, Restarted):
            self._lease = await self._log.restart(self._lease)
            self._begin()
        elif isinstance(item, Tick):
            self._note(await self._log.heartbeat(self._lease))
            await self._push_status()

    # --- persist, fence, push -----------------------------------------------------------------

    async def _send_text(self, text: str) -> None:
        self._wanted.clear()
        began = self._clock.monotonic()
        seq = self._seq + 1
        flushed = await self._log.flush(self._lease, seq, text)
        self._seq = seq
        self._text.append(text)
        self._note(flushed)
        self._gathering_since = began
        await self._push(
            Delta(answer_id=self._lease.answer_id, epoch=self._lease.epoch, seq=seq, text=text)
        )
        await self._wait_for_window()
        self._wanted.set()
        if not self._mailbox.is_empty:
            for _ in range(_STEPS_TO_READ):
                await asyncio.sleep(0)

    async def _send_sources(self, items: list[Source]) -> None:
        seq = self._seq + 1
        flushed = await self._log.flush(self._lease, seq, items)
        self._seq = seq
        self._sources = items
        self._note(flushed)
        await self._push(
            Sources(answer_id=self._lease.answer_id, epoch=self._lease.epoch, seq=seq, items=items)
        )

    async def _finish(self, ended: Ended) -> End:
        receipt = ended.receipt
        if receipt is not None:
            receipt = replace(receipt, posts=self._posts + len(self._subscribers))
        ending = Ending(
            state=ended.state,
            finish_reason=ended.finish_reason,
            last_seq=self._seq,
            text="".join(self._text),
            citations=ended.citations,
            flags=ended.flags,
            sources=self._sources,
            receipt=receipt,
            error=ended.error,
        )
        end, flushed = await self._log.finish(self._lease, ending)
        self._note(flushed)
        await self._push(end)
        return end

    def _note(self, flushed: Flushed) -> None:
        self._fenced_at = self._gathering_since = self._clock.monotonic()
        self._subscribers = flushed.subscribers
        if flushed.cancelled:
            self._cancelled.set()

    async def _wait_for_window(self) -> None:
        """Let text gather, unless something waits that must not wait.

        The window begins with the flush before: what that and its push take is part of it, so that
        a token waits for one window and its own flush at most, however slow these are.
        """
        await self._mailbox.gather(self._gathering_since + self._window - self._clock.monotonic())

    # --- pushing ------------------------------------------------------------------------------

    async def _push_status(self) -> None:
        if self._stage is not None:
            frame = StatusFrame(answer_id=self._lease.answer_id, stage=self._stage)
            await self._push(frame, patience_s=0.0)

    async def _push(self, event: AnyServerEvent, *, patience_s: float | None = None) -> None:
        """Post one event to every subscriber; a subscriber that is slow does not reorder."""
        frame = encode_event(event)
        patience = self._pace.push_patience_s if patience_s is None else patience_s
        until = self._clock.monotonic() + patience
        if len(self._subscribers) == 1:
            [only] = self._subscribers
            await self._post(only, frame, until)
            return
        await asyncio.gather(*(self._post(c, frame, until) for c in sorted(self._subscribers)))

    async def _post(self, connection_id: str, frame: bytes, until: float) -> None:
        throttled = False
        began = self._clock.monotonic()
        if connection_id in self._behind:
            # It has lost a frame and must resume anyway: nobody else waits for it again.
            until = began
        while True:
            try:
                await self._sink.post(connection_id, frame)
            except Throttled:
                throttled = True
                self._window = min(self._window * 2, self._pace.max_window_s)
                if self._clock.monotonic() + self._window > until:
                    # The client notices the gap, or the missing end, and resumes from the log.
                    if until > began:
                        self._behind.add(connection_id)
                    return
                await self._clock.sleep(self._window)
                self._gathering_since = self._clock.monotonic()
            except ConnectionGone:
                self._subscribers -= {connection_id}
                await self._log.drop_subscriber(self._lease.answer_id, connection_id)
                return
            except PushRefused as refusal:
                logger.error(
                    "push refused",
                    extra={"answer_id": self._lease.answer_id, "reason": str(refusal)},
                )
                return
            else:
                self._posts += 1
                self._behind.discard(connection_id)
                if not throttled:
                    self._window = max(self._pace.window_s, self._window * 0.8)
                return
