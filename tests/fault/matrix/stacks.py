"""The stacks that the matrix runs on: the product's template, with what a case must shorten."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from copilot.table import HEADER_SK, answer_pk, chunk_sk, decode, key
from local.options import ROOT
from tests.e2e.local_stack import LocalStack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient

VISIBILITY = "VisibilityTimeout: !FindInMap [SixTimes, !Ref InferenceTimeoutS, Seconds]"
VISIBILITY_S = 30
"""In place of the template's twelve minutes, so that a redelivery is seen."""

UNLIMITED = {"QuestionsPerMinute": "100000"}
PATIENT = {"CacheLookupMs": "10000"}
"""A busy machine must not pass over the cache where a case is about what the cache knows."""


def shortened(directory: Path, changes: Iterable[tuple[str, str]] = ()) -> Path:
    """A copy of the template with a short visibility timeout and further replacements.

    Each replaced text must occur exactly once, so that a changed template is noticed.
    """
    text = (ROOT / "template.yaml").read_text()
    for old, new in ((VISIBILITY, f"VisibilityTimeout: {VISIBILITY_S}"), *changes):
        if text.count(old) != 1:
            raise AssertionError(f"template.yaml holds {old!r} {text.count(old)} times")
        text = text.replace(old, new)
    template = directory / "template.yaml"
    template.write_text(text.replace("inference/Dockerfile", str(ROOT / "inference/Dockerfile")))
    return template


class FaultStack(LocalStack):
    """A local stack whose table and queues are open to the harness, past all faults."""

    def __init__(
        self,
        directory: Path,
        *,
        shell: Mapping[str, str],
        changes: Iterable[tuple[str, str]] = (),
        parameters: Mapping[str, str] = UNLIMITED,
        arguments: Iterable[str] = (),
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        super().__init__(
            directory / "state",
            shell=shell,
            parameters=parameters,
            arguments=["--template", str(shortened(directory, changes)), *arguments],
        )

    @cached_property
    def table(self) -> tuple[DynamoDBClient, str]:
        client: DynamoDBClient = boto3.client("dynamodb", **self._access())
        return client, client.list_tables()["TableNames"][0]

    @cached_property
    def queues(self) -> tuple[SQSClient, dict[str, str]]:
        """The client, and the addresses of ``QuestionQueue`` and ``DeadLetterQueue``."""
        client: SQSClient = boto3.client("sqs", **self._access())
        urls = client.list_queues()["QueueUrls"]
        names = ("DeadLetterQueue", "QuestionQueue")
        return client, {name: next(url for url in urls if f"-{name}" in url) for name in names}

    def send(self, queue: str, answer_id: str) -> None:
        """Put an answer's message on a queue."""
        client, urls = self.queues
        body = json.dumps({"v": 1, "answer_id": answer_id})
        client.send_message(QueueUrl=urls[queue], MessageBody=body, MessageGroupId="default")

    def waiting(self, queue: str) -> int:
        """How many messages a queue holds, visible or not."""
        client, urls = self.queues
        found = client.get_queue_attributes(QueueUrl=urls[queue], AttributeNames=["All"])
        counts = found["Attributes"]
        return int(counts["ApproximateNumberOfMessages"]) + int(
            counts["ApproximateNumberOfMessagesNotVisible"]
        )

    def header(self, answer_id: str) -> dict[str, Any]:
        """The header of an answer; empty where there is none."""
        return self._item(answer_pk(answer_id), HEADER_SK)

    def expire_lease(self, answer_id: str) -> None:
        """Let the lease of an answer run out now, as if its seconds had passed."""
        client, name = self.table
        client.update_item(
            TableName=name,
            Key=key(answer_pk(answer_id), HEADER_SK),
            UpdateExpression="SET lease_until = :past",
            ExpressionAttributeValues={":past": {"N": "0"}},
        )

    def row(self, pk: str, sk: str) -> dict[str, Any]:
        return self._item(pk, sk)

    def stored_text(self, answer_id: str, epoch: int, last_seq: int) -> str | None:
        """The text of an epoch's chunks; ``None`` where one is missing."""
        if last_seq == 0:
            return ""
        client, name = self.table
        pages = client.get_paginator("query").paginate(
            TableName=name,
            KeyConditionExpression="PK = :pk AND SK BETWEEN :from AND :to",
            ExpressionAttributeValues={
                ":pk": {"S": answer_pk(answer_id)},
                ":from": {"S": chunk_sk(epoch, 1)},
                ":to": {"S": chunk_sk(epoch, last_seq)},
            },
            ConsistentRead=True,
        )
        items = [decode(item) for page in pages for item in page["Items"]]
        if len(items) != last_seq:
            return None
        return "".join(item["body"] for item in items if item["kind"] == "delta")

    def _item(self, pk: str, sk: str) -> dict[str, Any]:
        client, name = self.table
        answer = client.get_item(TableName=name, Key=key(pk, sk), ConsistentRead=True)
        return decode(answer.get("Item", {}))

    def _access(self) -> dict[str, Any]:
        port = json.loads((self.state_directory / "ports.json").read_text())["services"]
        return {
            "endpoint_url": f"http://127.0.0.1:{port}",
            "region_name": "us-east-1",
            "aws_access_key_id": "local",
            "aws_secret_access_key": "local",
        }
