"""Puts messages on the question queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot.question_queue.messages import AnyQueueMessage, encode_message
from copilot.telemetry.tracing import SQS_ATTRIBUTE, trace_header

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient


class QueueSender:
    """The sending end of the queue at ``url``."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, message: AnyQueueMessage, tenant: str, *, delay_s: int = 0) -> None:
        """Send ``message``, to be delivered after ``delay_s`` (900 at most); the group makes a
        standard queue fair between tenants.

        The trace of this invocation goes along, so that X-Ray links the worker's to it.
        """
        header = trace_header()
        self._client.send_message(
            QueueUrl=self._url,
            MessageBody=encode_message(message),
            MessageGroupId=tenant,
            DelaySeconds=delay_s,
            MessageSystemAttributes={SQS_ATTRIBUTE: {"DataType": "String", "StringValue": header}}
            if header
            else {},
        )
