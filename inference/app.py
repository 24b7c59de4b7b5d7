"""Entry of the inference function: SQS batches (questions, and what to forget), the warm-up event.

One event loop lives as long as the process, so that connections outlive an invocation.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import logging
import os
from collections.abc import Mapping
from typing import Any, Protocol

from copilot.question_queue.messages import (
    AnswerQuestion,
    AnyQueueMessage,
    BadQueueMessage,
    decode_message,
)
from copilot.telemetry.log import about, configure_logging
from copilot.telemetry.metrics import FAILURES, FALSE_HIT_REPORTS
from copilot.telemetry.tracing import SQS_ATTRIBUTE, trace_id
from inference.bootstrap import Process, build, load_model
from inference.clock import SystemClock
from inference.engine import EngineUnusable
from inference.loading import take
from inference.ports import CacheUnavailable
from inference.settings import Settings
from inference.worker import DONE, Delivery, Outcome, come_back

WARM_UP = "energycopilot.warmup"
FAILURE_WAIT_S = 2
SPARE_S = 5
"""How long before the end of an invocation nothing is waited for any more."""

logger = logging.getLogger(__name__)


class Context(Protocol):
    """What is used of Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int: ...


@functools.cache
def process() -> Process:
    """The parts of this process, built by its first invocation."""
    settings = Settings.of(os.environ)
    configure_logging(settings.log_level)
    clock = SystemClock()
    return build(settings, take(settings, clock), clock)


@functools.cache
def runner() -> asyncio.Runner:
    """The loop of this process."""
    return asyncio.Runner()


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Answer a batch of questions, or warm up.

    Returns ``batchItemFailures`` for a batch (messages named there come back), and what was
    found for a warm-up.
    """
    if event.get("source") == WARM_UP:
        return warm_up(process())
    remaining_s = context.get_remaining_time_in_millis() / 1000
    with about(request_id=getattr(context, "aws_request_id", None)):
        failures = runner().run(
            answer_batch(process(), event["Records"], remaining_s),
            context=contextvars.copy_context(),
        )
    return {"batchItemFailures": [{"itemIdentifier": failed} for failed in failures]}


async def answer_batch(
    process: Process, records: list[dict[str, Any]], remaining_s: float
) -> list[str]:
    """Answer the records side by side; return the message ids of those that must come back.

    A look for a newer index runs beside them, and has ended when this returns: between two
    invocations the process may be frozen.
    """
    deadline = process.clock.monotonic() + remaining_s
    refresh = process.engine.refresh()
    outcomes = await asyncio.gather(*(_answer(process, record, deadline) for record in records))
    if refresh is not None:
        left_s = deadline - process.clock.monotonic() - SPARE_S
        await asyncio.to_thread(refresh.join, max(left_s, 0))
    return [
        record["messageId"]
        for record, outcome in zip(records, outcomes, strict=True)
        if not outcome.done
    ]


async def _answer(process: Process, record: dict[str, Any], deadline: float) -> Outcome:
    attributes = record.get("attributes", {})
    delivery = delivery_of(attributes)
    message = _decoded(record["body"])
    with about(
        message_id=record["messageId"],
        answer_id=getattr(message, "answer_id", None),
        asked_in_trace=trace_id(attributes.get(SQS_ATTRIBUTE, "")),
    ):
        try:
            outcome = await _served(process, message, deadline, delivery)
        except Exception:
            # The outermost edge: one question's failure is not another's.
            logger.exception("question failed", extra={"deliveries": delivery.times})
            process.metrics.record("failure", {FAILURES: 1})
            outcome = come_back(FAILURE_WAIT_S, delivery.times)
        if not outcome.done:
            await process.queue.come_back(record["receiptHandle"], outcome.retry_after_s)
        return outcome


def _decoded(body: str) -> AnyQueueMessage | BadQueueMessage:
    try:
        return decode_message(body)
    except BadQueueMessage as error:
        return error


async def _served(
    process: Process,
    message: AnyQueueMessage | BadQueueMessage,
    deadline: float,
    delivery: Delivery,
) -> Outcome:
    if isinstance(message, BadQueueMessage):
        # It comes back at once, so that the dead-letter queue has it soon.
        logger.error("malformed message", extra={"reason": str(message)})
        return Outcome(done=False)
    if isinstance(message, AnswerQuestion):
        return await process.worker.answer(message.answer_id, deadline=deadline, delivery=delivery)
    try:
        if await process.forgetting.forget(message):
            process.metrics.record("false hit reported", {FALSE_HIT_REPORTS: 1})
    except (CacheUnavailable, EngineUnusable) as error:
        logger.warning("the cache did not forget", extra={"reason": str(error)})
        return come_back(FAILURE_WAIT_S, delivery.times)
    return DONE


def delivery_of(attributes: Mapping[str, str]) -> Delivery:
    """How a message came, by its system attributes."""
    sent = attributes.get("SentTimestamp")
    return Delivery(
        times=int(attributes.get("ApproximateReceiveCount", 1)),
        sent_at=int(sent) / 1000 if sent else None,
    )


def warm_up(process: Process) -> dict[str, Any]:
    """Do what a first question would pay for: load everything, embed and retrieve once."""
    began = process.clock.monotonic()
    if (refresh := process.engine.refresh()) is not None:
        refresh.join()
    try:
        engine = process.engine.get()
    except EngineUnusable as error:
        logger.error("engine unusable", extra={"reason": str(error)})
        return {"warm": False, "reason": str(error)}
    question = "What is a power purchase agreement?"
    vector = engine.embedder.embed([question])[0]
    engine.retriever.retrieve(question, vector, k=1, groups=frozenset({"public"}))
    load_model(process.model)
    return {
        "warm": True,
        "corpus_version": engine.retriever.corpus_version,
        "model": process.model.name,
        "ms": round((process.clock.monotonic() - began) * 1000),
    }
