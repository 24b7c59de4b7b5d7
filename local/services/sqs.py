"""The few SQS calls that reading a queue takes, over HTTP without blocking.

SQS's JSON protocol, unsigned: it is spoken to the emulator on this machine only.
"""

from __future__ import annotations

import json
from typing import Any

import aiohttp


class QueueUnavailable(Exception):
    """The queue service did not answer as it should."""


class Sqs:
    """A client of one SQS endpoint."""

    def __init__(self, session: aiohttp.ClientSession, endpoint: str) -> None:
        self._session = session
        self._endpoint = endpoint

    async def url_of(self, arn: str) -> str:
        """The URL of a queue from its ARN."""
        answer = await self._call("GetQueueUrl", QueueName=arn.rsplit(":", 1)[1])
        return str(answer["QueueUrl"])

    async def receive(self, queue_url: str, count: int) -> list[dict[str, Any]]:
        """Up to ``count`` (at most 10) messages that are visible now, with all their attributes."""
        answer = await self._call(
            "ReceiveMessage",
            QueueUrl=queue_url,
            MaxNumberOfMessages=count,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
            WaitTimeSeconds=0,
        )
        messages: list[dict[str, Any]] = answer.get("Messages") or []
        return messages

    async def visibility_of(self, queue_url: str) -> float:
        """How long a received message stays invisible, in seconds."""
        answer = await self._call(
            "GetQueueAttributes", QueueUrl=queue_url, AttributeNames=["VisibilityTimeout"]
        )
        return float(answer["Attributes"]["VisibilityTimeout"])

    async def hold(
        self, queue_url: str, messages: list[dict[str, Any]], seconds: int
    ) -> list[dict[str, Any]]:
        """Keep received messages invisible for so long from now; 0 gives them back.

        Returns those for which it was too late: they are visible, or somebody else's, again.
        """
        late = []
        for start in range(0, len(messages), 10):
            part = messages[start : start + 10]
            entries = [
                {
                    "Id": str(number),
                    "ReceiptHandle": message["ReceiptHandle"],
                    "VisibilityTimeout": seconds,
                }
                for number, message in enumerate(part)
            ]
            answer = await self._call(
                "ChangeMessageVisibilityBatch", QueueUrl=queue_url, Entries=entries
            )
            late += [part[int(failed["Id"])] for failed in answer.get("Failed") or ()]
        return late

    async def delete(self, queue_url: str, messages: list[dict[str, Any]]) -> None:
        """Delete received messages; one that was received again meanwhile stays."""
        for start in range(0, len(messages), 10):
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages[start : start + 10])
            ]
            await self._call("DeleteMessageBatch", QueueUrl=queue_url, Entries=entries)

    async def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"AmazonSQS.{operation}",
        }
        body = json.dumps(parameters).encode()
        try:
            async with self._session.post(self._endpoint, data=body, headers=headers) as response:
                text = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise QueueUnavailable(f"{operation}: {error!r}") from error
        if response.status != 200:
            raise QueueUnavailable(f"{operation}: {response.status} {text[:300]!r}")
        answer: dict[str, Any] = json.loads(text or b"{}")
        return answer
