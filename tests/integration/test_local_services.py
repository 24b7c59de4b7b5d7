"""The emulated services, what the template puts there, and queues that functions read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import boto3
import pytest

from local.declared.blueprint import QueueSource
from local.declared.sam import TemplateError
from local.faults import Faults, Rule
from local.functions.pool import Functions
from local.processes.listening import claim, free_port, port_of, serve
from local.services.deployment import deploy, secret_text
from local.services.ministack import Services
from local.services.service_door import ServiceDoor
from local.services.sqs import Sqs
from local.triggers.event_sources import Bell, QueueReader
from tests.integration.local_edges import function, pool

PATH = "/usr/bin:/bin"
TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "PK", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}],
                "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
            },
        },
        "Dead": {"Type": "AWS::SQS::Queue"},
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "VisibilityTimeout": 1,
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]},
                    "maxReceiveCount": 2,
                },
            },
        },
        "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "s3cret"}},
    },
    "Outputs": {
        "TableZRef": {"Value": {"Ref": "Table"}},
        "QueueZRef": {"Value": {"Ref": "Queue"}},
        "QueueZArn": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}},
        "DeadZRef": {"Value": {"Ref": "Dead"}},
        "DeadZArn": {"Value": {"Fn::GetAtt": ["Dead", "Arn"]}},
        "SecretZRef": {"Value": {"Ref": "Secret"}},
    },
}


def client(service: Any, endpoint: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


@asynccontextmanager
async def services(state: Path) -> AsyncIterator[Services]:
    async with aiohttp.ClientSession() as session:
        running = await Services.start(session, state, state / "logs", free_port(), PATH)
        try:
            yield running
        finally:
            await running.stop()


async def test_the_template_s_resources_are_deployed_once_and_survive_a_restart(
    tmp_path: Path,
) -> None:
    async with services(tmp_path) as running:
        outputs = await asyncio.to_thread(deploy, running.endpoint, TEMPLATE)
        table = outputs["TableZRef"]
        dynamodb = client("dynamodb", running.endpoint)
        expiry = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "ttl")
        dynamodb.put_item(TableName=table, Item={"PK": {"S": "kept"}})
        sqs = client("sqs", running.endpoint)
        sqs.send_message(QueueUrl=outputs["QueueZRef"], MessageBody="kept too")
        attributes = sqs.get_queue_attributes(
            QueueUrl=outputs["QueueZRef"], AttributeNames=["All"]
        )["Attributes"]
        assert attributes["VisibilityTimeout"] == "1"
        assert json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] == 2
        assert secret_text(running.endpoint, outputs["SecretZRef"]) == "s3cret"
        with pytest.raises(TemplateError, match="absent"):
            secret_text(running.endpoint, "absent")
    async with services(tmp_path) as running:
        again = await asyncio.to_thread(deploy, running.endpoint, TEMPLATE)
        assert again["TableZRef"] == table
        found = client("dynamodb", running.endpoint).get_item(
            TableName=table, Key={"PK": {"S": "kept"}}
        )
        assert "Item" in found
        [message] = client("sqs", running.endpoint).receive_message(
            QueueUrl=again["QueueZRef"], WaitTimeSeconds=1
        )["Messages"]
        assert message["Body"] == "kept too"


async def test_a_changed_template_updates_what_is_there(tmp_path: Path) -> None:
    changed = json.loads(json.dumps(TEMPLATE))
    changed["Resources"]["Queue"]["Properties"]["VisibilityTimeout"] = 7
    async with services(tmp_path) as running:
        before = await asyncio.to_thread(deploy, running.endpoint, TEMPLATE)
        client("sqs", running.endpoint).send_message(QueueUrl=before["QueueZRef"], MessageBody="x")
        after = await asyncio.to_thread(deploy, running.endpoint, changed)
        assert after["QueueZRef"] == before["QueueZRef"]
        attributes = client("sqs", running.endpoint).get_queue_attributes(
            QueueUrl=after["QueueZRef"], AttributeNames=["All"]
        )["Attributes"]
        assert attributes["VisibilityTimeout"] == "7"
        assert attributes["ApproximateNumberOfMessages"] == "1"


@dataclass
class Reading:
    """A queue being read by a function that notes what it got."""

    notes: Path
    queue_url: str
    dead_url: str
    door_url: str
    faults: Faults

    def send(self, *bodies: str) -> None:
        sqs = client("sqs", self.door_url)
        for body in bodies:
            sqs.send_message(QueueUrl=self.queue_url, MessageBody=body, MessageGroupId="t")

    def noted(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    def left(self, url: str) -> int:
        attributes = client("sqs", self.door_url).get_queue_attributes(
            QueueUrl=url, AttributeNames=["All"]
        )["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"]) + int(
            attributes["ApproximateNumberOfMessagesNotVisible"]
        )

    async def until(self, lines: int) -> list[str]:
        for _ in range(500):
            if len(self.noted()) >= lines:
                break
            await asyncio.sleep(0.02)
        return sorted(self.noted())


@pytest.fixture
async def reading(tmp_path: Path) -> AsyncIterator[Reading]:
    source = QueueSource(
        name="Source",
        queue_arn="",
        function="Reader",
        batch_size=10,
        batching_window_s=0,
        partial_failures=True,
        maximum_concurrency=2,
    )
    async with AsyncExitStack() as undo:
        running = await undo.enter_async_context(services(tmp_path))
        outputs = await asyncio.to_thread(deploy, running.endpoint, TEMPLATE)
        session = await undo.enter_async_context(aiohttp.ClientSession(auto_decompress=False))
        bell, faults = Bell(), Faults()
        claimed = claim("127.0.0.1", 0)
        door = ServiceDoor(session, running.endpoint, faults, bell.ring)
        runner = await serve(door.app(), claimed)
        undo.push_async_callback(runner.cleanup)
        notes = tmp_path / "notes"
        function_pool = pool(function("Reader", "queue", {"NOTES": str(notes)}), tmp_path)
        functions = Functions({"Reader": function_pool})
        undo.push_async_callback(functions.close)
        reader = QueueReader(
            replace(source, queue_arn=outputs["QueueZArn"]),
            Sqs(session, running.endpoint),
            functions,
            workers=2,
            bell=bell,
        )
        task = asyncio.create_task(reader.run())
        undo.callback(task.cancel)
        yield Reading(
            notes,
            outputs["QueueZRef"],
            outputs["DeadZRef"],
            f"http://127.0.0.1:{port_of(claimed)}",
            faults,
        )


async def test_a_message_reaches_its_function_and_is_deleted(reading: Reading) -> None:
    await asyncio.to_thread(reading.send, "one", "two")
    assert await reading.until(2) == ["one 1", "two 1"]
    await asyncio.sleep(0.2)
    assert await asyncio.to_thread(reading.left, reading.queue_url) == 0


async def test_a_failed_message_returns_after_its_visibility_and_is_dead_after_its_last_try(
    reading: Reading,
) -> None:
    await asyncio.to_thread(reading.send, "fail me", "fine")
    assert await reading.until(3) == ["fail me 1", "fail me 2", "fine 1"]
    for _ in range(100):
        if await asyncio.to_thread(reading.left, reading.dead_url):
            break
        await asyncio.sleep(0.1)
    assert await asyncio.to_thread(reading.left, reading.queue_url) == 0
    assert await asyncio.to_thread(reading.left, reading.dead_url) == 1
    assert len(reading.noted()) == 3


async def test_an_exception_fails_the_whole_batch(reading: Reading) -> None:
    await asyncio.to_thread(reading.send, "raise")
    assert await reading.until(2) == ["raise 1", "raise 2"]


async def test_faults_at_the_door_deny_and_slow_calls_of_services(reading: Reading) -> None:
    reading.faults.add(
        Rule(kind="deny", service="sqs", contains="SendMessage", status=400, code="AccessDenied")
    )
    sqs = client("sqs", reading.door_url)
    with pytest.raises(sqs.exceptions.ClientError) as denied:
        await asyncio.to_thread(reading.send, "x")
    assert denied.value.response["Error"]["Code"] == "AccessDenied"
    reading.faults.add(Rule(kind="slow", service="sqs", ms=300))
    began = asyncio.get_running_loop().time()
    await asyncio.to_thread(reading.send, "late")
    assert asyncio.get_running_loop().time() - began >= 0.3
    assert await reading.until(1) == ["late 1"]


async def test_what_is_read_ahead_is_kept_from_others_or_given_back(tmp_path: Path) -> None:
    async with AsyncExitStack() as undo:
        running = await undo.enter_async_context(services(tmp_path))
        outputs = await asyncio.to_thread(deploy, running.endpoint, TEMPLATE)
        session = await undo.enter_async_context(aiohttp.ClientSession(auto_decompress=False))
        sqs, url = Sqs(session, running.endpoint), outputs["QueueZRef"]
        send = client("sqs", running.endpoint).send_message
        await asyncio.to_thread(send, QueueUrl=url, MessageBody="x", MessageGroupId="t")
        assert await sqs.visibility_of(url) == 1.0
        [ahead] = await sqs.receive(url, 10)
        assert ahead["Attributes"]["MessageGroupId"] == "t"
        assert await sqs.hold(url, [ahead], 30) == []
        await asyncio.sleep(1.2)
        assert await sqs.receive(url, 10) == []
        assert await sqs.hold(url, [ahead], 0) == []
        [again] = await sqs.receive(url, 10)
        assert await sqs.hold(url, [ahead, again], 30) == [ahead]
