"""Entry of the ingestion function: a batch of S3's notifications from the queue."""

from __future__ import annotations

import functools
import logging
import os
import time
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from botocore.config import Config

from copilot.aws_clients import aws_clients
from copilot.documents.status import DocumentStatuses
from copilot.index_bundle.bucket import IndexBucket
from copilot.table import Table
from copilot.telemetry.log import configure_logging
from copilot.telemetry.metrics import (
    FAILED_DOCUMENTS,
    FAILURES,
    INDEXED_DOCUMENTS,
    INGESTION_TIME,
    PUBLISHED_INDEXES,
    EmfMetrics,
    Figures,
)
from embed.ingestion import ELSEWHERE, Ingestion, Limits
from embed.settings import Settings
from embed.uploaded import BadNotification, Told, indexed_together, told_by
from inference.encoders.onnx_embedder import OnnxEmbedder
from inference.ports import Embedder

logger = logging.getLogger(__name__)

ENOUGH_MS = 60_000
"""Another index is begun with so much time left."""


@functools.cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings.of(os.environ)


@functools.cache
def ingestion() -> Ingestion:
    """The parts of this process, built by its first invocation."""
    given = settings()
    configure_logging(given.log_level)
    for talkative in ("faiss.loader", "pypdf"):
        logging.getLogger(talkative).setLevel(logging.ERROR)
    config = Config(retries={"total_max_attempts": 4, "mode": "standard"})
    s3 = aws_clients().client("s3", config=config)
    table = Table(aws_clients().client("dynamodb", config=config), given.table_name)

    @functools.cache
    def embedder() -> Embedder:
        return OnnxEmbedder(given.model_dir)

    return Ingestion(
        documents=IndexBucket(s3, given.document_bucket),
        indexes=IndexBucket(s3, given.index_bucket),
        statuses=DocumentStatuses(table, time.time),
        embedder=embedder,
        shipped=given.index_dir,
        limits=Limits(
            groups=given.upload_groups,
            max_bytes=given.max_document_bytes,
            workers=os.cpu_count() or 1,
            versions=given.versions_kept,
            refusal=ELSEWHERE if given.retriever == "qdrant" else None,
        ),
    )


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Index what the messages of a batch are about.

    Returns ``batchItemFailures``: what could not be done, or not in the time that is left, and what
    is no notification. A document that cannot be read is noted, and its message done.
    """
    told: list[Told] = []
    failed: list[str] = []
    for record in event["Records"]:
        try:
            told.append(told_by(record))
        except BadNotification as error:
            logger.error("malformed message", extra={"reason": str(error)})
            failed.append(record["messageId"])
    for number, group in enumerate(indexed_together(told)):
        in_time = number == 0 or context.get_remaining_time_in_millis() > ENOUGH_MS
        if not in_time or not _indexed(group):
            failed += [one.message for one in group]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _indexed(group: Sequence[Told]) -> bool:
    """Whether what ``group`` is about has been done."""
    started = time.time()
    wanted = sorted({key for one in group for key in one.keys})
    if not wanted:
        return True
    last = {key for one in group if one.deliveries >= settings().attempts for key in one.keys}
    try:
        done = ingestion().run(wanted, last=last)
    except Exception:
        # The outermost edge: the queue delivers again, and at last to the dead letters.
        logger.exception("documents not indexed", extra={"keys": wanted})
        _note_interruption(wanted, last)
        _measure("documents interrupted", {FAILURES: 1, FAILED_DOCUMENTS: len(last)})
        return False
    heard = min((one.sent_at for one in group if one.sent_at is not None), default=started)
    figures = {
        INDEXED_DOCUMENTS: done.indexed,
        FAILED_DOCUMENTS: done.failed,
        PUBLISHED_INDEXES: done.published,
        INGESTION_TIME: 1000 * (time.time() - heard),
    }
    _measure("documents ingested", figures)
    return True


def _note_interruption(keys: Iterable[str], last: Collection[str]) -> None:
    for key in keys:
        try:
            ingestion().interrupted(key, last=key in last)
        except Exception:
            logger.exception("status not noted", extra={"key": key})


def _measure(message: str, figures: Figures) -> None:
    EmfMetrics(settings().stack_name, time.time).record(message, figures)
