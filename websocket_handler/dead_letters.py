"""The dead-letter consumer: a question that no worker could answer ends in one clear error."""

from __future__ import annotations

import functools
import logging
import os
import time
from typing import TYPE_CHECKING, Any

from copilot.answer_log.header import NotTaken
from copilot.answer_log.stopping import Stopping
from copilot.aws_clients import aws_clients
from copilot.question_queue.messages import AnswerQuestion, BadQueueMessage, decode_message
from copilot.telemetry.log import about, configure_logging
from copilot.telemetry.metrics import DEAD_LETTERS, FAILURES, EmfMetrics
from copilot.wire import ErrorInfo
from websocket_handler.clients import client_config, sealed_table
from websocket_handler.pushes import push
from websocket_handler.settings import DeadLetterSettings

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi.client import ApiGatewayManagementApiClient

logger = logging.getLogger(__name__)

FAILED = ErrorInfo(
    code="answer_failed",
    message="The answer could not be written after several attempts. Ask the question again.",
    retryable=True,
)


class Consumer:
    """One process's worth of clients."""

    def __init__(self, settings: DeadLetterSettings) -> None:
        config = client_config()
        self.metrics = EmfMetrics(settings.stack_name, time.time)
        table = sealed_table(settings.table_name, settings.kms_key_id)
        self.stopping = Stopping(
            table, time.time, retention_s=settings.retention_s, audit_s=settings.audit_s
        )
        self.management: ApiGatewayManagementApiClient = aws_clients().client(
            "apigatewaymanagementapi", endpoint_url=settings.websocket_endpoint, config=config
        )

    def consume(self, body: str) -> bool:
        """End the answer that a dead letter names and tell everybody who follows it.

        Returns whether something was lost; the letter of an ended answer tells nothing new.

        Raises:
            NotTaken: a worker that is alive still owns it; the letter must come again.
        """
        try:
            message = decode_message(body)
        except BadQueueMessage:
            logger.error("dead letter is no message; dropped", extra={"length": len(body)})
            return True
        if not isinstance(message, AnswerQuestion):
            # The cache was down throughout; what it should forget expires there by itself.
            logger.error("the cache was not told to forget", extra={"kind": message.kind})
            return True
        answer_id = message.answer_id
        ended = self.stopping.fail(answer_id, FAILED)
        if ended is None:
            logger.info("dead letter of an ended answer", extra={"answer_id": answer_id})
            return False
        header, end = ended
        logger.error("answer failed", extra={"answer_id": answer_id, "attempts": header.attempts})
        for connection_id in sorted(header.subscribers):
            push(self.management, connection_id, end)
        return True


@functools.cache
def consumer() -> Consumer:
    settings = DeadLetterSettings.of(os.environ)
    configure_logging(settings.log_level)
    return Consumer(settings)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Consume a batch of the dead-letter queue, with partial failures."""
    failures = []
    lost = broken = 0
    for record in event["Records"]:
        try:
            with about(message_id=record["messageId"]):
                lost += consumer().consume(record["body"])
        except NotTaken as error:
            logger.info("answer is still owned", extra={"retry_after_s": error.retry_after_s})
            failures.append({"itemIdentifier": record["messageId"]})
        except Exception:
            broken += 1
            logger.exception("dead letter failed", extra={"message_id": record["messageId"]})
            failures.append({"itemIdentifier": record["messageId"]})
    if lost or broken:
        consumer().metrics.record("dead letters", {DEAD_LETTERS: lost, FAILURES: broken})
    return {"batchItemFailures": failures}
