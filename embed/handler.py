"""Entry of the ingestion function: a batch of S3's notifications from the queue."""

from __future__ import annotations

import functools
import logging
import os
import time
from collections.abc import Collection, Iterable
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
from embed.uploaded import BadNotification, keys_of
from inference.encoders.onnx_embedder import OnnxEmbedder
from inference.ports import Embedder

logger = logging.getLogger(__name__)


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

    Returns ``batchItemFailures``: all of them where the whole could not be done, else those that
    are no notifications. A document that cannot be read is noted, and its message done.
    """
    started = time.time()
    keys: dict[str, list[str]] = {}
    bad: list[str] = []
    for record in event["Records"]:
        try:
            keys[record["messageId"]] = keys_of(record["body"])
        except BadNotification as error:
            logger.error("malformed message", extra={"reason": str(error)})
            bad.append(record["messageId"])
    wanted = sorted({key for found in keys.values() for key in found})
    if wanted:
        last = {
            key
            for record in event["Records"]
            if _deliveries(record) >= settings().attempts
            for key in keys.get(record["messageId"], [])
        }
        try:
            done = ingestion().run(wanted, last=last)
        except Exception:
            # The outermost edge: the queue delivers again, and at last to the dead letters.
            logger.exception("documents not indexed", extra={"keys": wanted})
            _note_interruption(wanted, last)
            bad = [record["messageId"] for record in event["Records"]]
            _measure("documents interrupted", {FAILURES: 1, FAILED_DOCUMENTS: len(last)})
        else:
            figures = {
                INDEXED_DOCUMENTS: done.indexed,
                FAILED_DOCUMENTS: done.failed,
                PUBLISHED_INDEXES: done.published,
                INGESTION_TIME: 1000 * (time.time() - _heard(event["Records"], started)),
            }
            _measure("documents ingested", figures)
    return {"batchItemFailures": [{"itemIdentifier": message} for message in bad]}


def _deliveries(record: dict[str, Any]) -> int:
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))


def _heard(records: list[dict[str, Any]], otherwise: float) -> float:
    """When the queue took the oldest of the messages, in seconds since 1970."""
    sent = [record.get("attributes", {}).get("SentTimestamp") for record in records]
    return min((int(at) / 1000 for at in sent if at is not None), default=otherwise)


def _note_interruption(keys: Iterable[str], last: Collection[str]) -> None:
    for key in keys:
        try:
            ingestion().interrupted(key, last=key in last)
        except Exception:
            logger.exception("status not noted", extra={"key": key})


def _measure(message: str, figures: Figures) -> None:
    EmfMetrics(settings().stack_name, time.time).record(message, figures)
