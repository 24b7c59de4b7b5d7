"""Event source mappings: queues are read, functions invoked, what succeeded is deleted.

What fails stays invisible until the queue's own visibility timeout, and the queue's redrive policy
decides when it is dead, as in AWS.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from local.blueprint import QueueSource
from local.pool import Functions
from local.runtime_api import FunctionFailed
from local.sam import REGION
from local.sqs import QueueUnavailable, Sqs

logger = logging.getLogger(__name__)

POLL_S = 1.0
"""How often a queue is read without a hint: finds what became visible again."""

DEFAULT_CONCURRENCY = 1000


class Bell:
    """Rung when something was put on a queue, so that its reader need not poll fast."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake its reader."""
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Wait until it is rung, at most ``seconds``."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), seconds)
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

    async def run(self) -> None:
        """Read the queue until cancelled."""
        queue_url = await self._sqs.url_of(self._source.queue_arn)
        while True:
            await self._slots.acquire()
            messages = await self._gather_batch(queue_url)
            if messages:
                task = asyncio.create_task(self._serve(queue_url, messages))
                self._tasks.add(task)
                task.add_done_callback(self._served)
            else:
                self._slots.release()
                await self._bell.wait(POLL_S)

    async def finish(self) -> None:
        """Wait until all that was read is done with; called once no function runs any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def _served(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._slots.release()

    async def _gather_batch(self, queue_url: str) -> list[dict[str, Any]]:
        size, window_s = self._source.batch_size, self._source.batching_window_s
        messages = await self._receive(queue_url, size)
        deadline = time.monotonic() + window_s
        while messages and len(messages) < size and (left := deadline - time.monotonic()) > 0:
            await self._bell.wait(min(left, POLL_S))
            messages += await self._receive(queue_url, size - len(messages))
        return messages

    async def _receive(self, queue_url: str, count: int) -> list[dict[str, Any]]:
        try:
            return await self._sqs.receive(queue_url, min(count, 10))
        except QueueUnavailable as error:
            logger.warning("%s: %s", self._source.name, error)
            await asyncio.sleep(POLL_S)
            return []

    async def _serve(self, queue_url: str, messages: list[dict[str, Any]]) -> None:
        event = {"Records": [_record(message, self._source.queue_arn) for message in messages]}
        try:
            answer = await self._functions.invoke(self._source.function, event)
        except FunctionFailed as error:
            logger.error("%s: %s", self._source.function, error)
            return
        failed = failed_ids(answer, messages) if self._source.partial_failures else set()
        done = [message for message in messages if message["MessageId"] not in failed]
        try:
            await self._sqs.delete(queue_url, done)
        except QueueUnavailable as error:
            logger.warning("%s: %s", self._source.name, error)


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
