"""Event source mappings: queues are read, functions invoked, what succeeded is deleted.

Of several tenants' messages those of the quiet ones go first (``fair_order``), for which some are
received ahead. What fails stays invisible until the queue's own visibility timeout, and
the queue's redrive policy decides when it is dead, as in AWS.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from local.declared.blueprint import QueueSource
from local.declared.sam import REGION
from local.functions.pool import Functions
from local.functions.runtime_api import FunctionFailed
from local.services.sqs import QueueUnavailable, Sqs
from local.triggers.fair_order import FairOrder

logger = logging.getLogger(__name__)

POLL_S = 1.0
"""How often a queue is read without a hint: finds what became visible again."""

DEFAULT_CONCURRENCY = 1000

AHEAD = 500
"""How many messages are received before they can be served, so that nobody waits behind a tenant's
backlog; beyond it the order is the queue's own."""


class Bell:
    """Rung when something was put on a queue, so that its reader need not poll fast."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake its reader."""
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Wait until it is rung, at most ``seconds``."""
        # Not wait_for, which in Python 3.11 loses a cancellation that comes with the ring.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        self._rung.clear()


class QueueReader:
    """One event source mapping."""

    def __init__(
        self, source: QueueSource, sqs: Sqs, functions: Functions, workers: int, bell: Bell
    ) -> None:
        self._source = source
        self._sqs = sqs
        self._functions = functions
        self._bell = bell
        concurrency = min(source.maximum_concurrency or DEFAULT_CONCURRENCY, workers)
        self._slots = asyncio.Semaphore(concurrency)
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting = FairOrder()
        self._queue_url = ""
        self._visibility_s = 0.0

    async def run(self) -> None:
        """Read the queue until cancelled."""
        self._queue_url = await self._sqs.url_of(self._source.queue_arn)
        self._visibility_s = await self._sqs.visibility_of(self._queue_url)
        while True:
            await self._slots.acquire()
            messages = await self._gather_batch()
            if messages:
                task = asyncio.create_task(self._serve(messages))
                self._tasks.add(task)
                task.add_done_callback(self._served)
            else:
                self._slots.release()
                await self._bell.wait(POLL_S)

    async def finish(self) -> None:
        """Wait until all that was read is done with, and give back what was read ahead; called
        once no function runs any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks)
        held = self._waiting.take(len(self._waiting))
        try:
            await self._sqs.hold(self._queue_url, held, 0)
        except QueueUnavailable as error:
            logger.warning("%s: %s", self._source.name, error)

    def _served(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._slots.release()

    async def _gather_batch(self) -> list[dict[str, Any]]:
        size = self._source.batch_size
        deadline = time.monotonic() + self._source.batching_window_s
        await self._receive_ahead()
        while 0 < len(self._waiting) < size and (left := deadline - time.monotonic()) > 0:
            await self._bell.wait(min(left, POLL_S))
            await self._receive_ahead()
        return self._waiting.take(size)

    async def _receive_ahead(self) -> None:
        """Receive what is visible, within the bound, and keep what waits here invisible."""
        most = max(AHEAD, self._source.batch_size)
        try:
            await self._hold_on()
            while (room := most - len(self._waiting)) > 0:
                count = min(room, 10)
                messages = await self._sqs.receive(self._queue_url, count)
                self._waiting.add(messages, time.monotonic())
                if len(messages) < count:
                    break
        except QueueUnavailable as error:
            logger.warning("%s: %s", self._source.name, error)
            await asyncio.sleep(POLL_S)

    async def _hold_on(self) -> None:
        """Renew what has waited for half its invisible time: who takes it has the rest to serve
        it, which SQS asks to be six times the function's timeout."""
        now = time.monotonic()
        if held := self._waiting.held_since(now - self._visibility_s / 2):
            late = await self._sqs.hold(self._queue_url, held, round(self._visibility_s))
            self._waiting.renew(held, now)
            self._waiting.drop(late)

    async def _serve(self, messages: list[dict[str, Any]]) -> None:
        event = {"Records": [_record(message, self._source.queue_arn) for message in messages]}
        try:
            answer = await self._functions.invoke(self._source.function, event)
            failed = failed_ids(answer, messages) if self._source.partial_failures else set()
            done = [message for message in messages if message["MessageId"] not in failed]
            await self._sqs.delete(self._queue_url, done)
        except FunctionFailed as error:
            logger.error("%s: %s", self._source.function, error)
        except QueueUnavailable as error:
            logger.warning("%s: %s", self._source.name, error)
        finally:
            self._waiting.done(messages)


class QueueReaders:
    """Every event source mapping of a template."""

    def __init__(
        self, sources: Sequence[QueueSource], sqs: Sqs, functions: Functions, workers: int
    ) -> None:
        self._bells = {source.name: Bell() for source in sources}
        self.readers = {
            source.name: QueueReader(source, sqs, functions, workers, self._bells[source.name])
            for source in sources
        }

    def ring(self) -> None:
        """Some queue was given something."""
        for bell in self._bells.values():
            bell.ring()

    async def finish(self) -> None:
        """See ``QueueReader.finish``."""
        await asyncio.gather(*(reader.finish() for reader in self.readers.values()))


def _record(message: Mapping[str, Any], queue_arn: str) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes") or {},
        "messageAttributes": {
            name: {name_of[0].lower() + name_of[1:]: part for name_of, part in value.items()}
            for name, value in (message.get("MessageAttributes") or {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    }


def failed_ids(answer: Any, messages: list[dict[str, Any]]) -> set[str]:
    """The ids to keep. An answer that Lambda could not read fails the whole batch."""
    everything = {str(message["MessageId"]) for message in messages}
    if answer is None or answer == {}:
        return set()
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if failures is None:
        return set() if isinstance(answer, dict) else everything
    ids = {item.get("itemIdentifier") for item in failures if isinstance(item, dict)}
    if len(ids) != len(failures) or not ids <= everything:
        return everything
    return {str(identifier) for identifier in ids}
