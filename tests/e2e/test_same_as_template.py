"""Tables, queues and buckets on this machine are those that the template declares."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.e2e.local_stack import LocalStack
from tests.infrastructure import translate

REGION = "us-east-1"
DEFAULT_WAIT = {"VisibilityTimeout": "30", "MessageRetentionPeriod": "345600"}
"""What SQS takes where a template says nothing."""


@pytest.fixture(scope="module")
def declared() -> dict[str, Any]:
    return translate.source()


def properties(declared: dict[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The resources of a kind that exist under default parameters, by logical id."""
    for name, resource in declared["Resources"].items():
        if resource["Type"] == kind and "Condition" not in resource:
            yield name, resource.get("Properties", {})


def value(declared: dict[str, Any], written: Any) -> Any:
    """A number that is written, or looked up in a mapping by a parameter's default."""
    if isinstance(written, dict):
        mapping, key, column = written["Fn::FindInMap"]
        default = declared["Parameters"][key["Ref"]]["Default"]
        return declared["Mappings"][mapping][str(default)][column]
    return written


def client(stack: LocalStack, service: str) -> Any:
    services = stack.services
    return boto3.client(
        service,  # type: ignore[call-overload]
        region_name=REGION,
        endpoint_url=services["AWS_ENDPOINT_URL"],
        aws_access_key_id=services["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=services["AWS_SECRET_ACCESS_KEY"],
    )


def test_tables_have_the_keys_indexes_and_expiry_that_are_declared(
    shared_stack: LocalStack, declared: dict[str, Any]
) -> None:
    dynamodb = client(shared_stack, "dynamodb")
    tables = {name: dynamodb.describe_table(TableName=name)["Table"] for name in names(dynamodb)}
    for _, wanted in properties(declared, "AWS::DynamoDB::Table"):
        (name, table), *others = tables.items()
        assert not others
        assert table["KeySchema"] == wanted["KeySchema"]
        assert by_name(table["AttributeDefinitions"]) == by_name(wanted["AttributeDefinitions"])
        indexes = {index["IndexName"]: index for index in table["GlobalSecondaryIndexes"]}
        for index in wanted["GlobalSecondaryIndexes"]:
            there = indexes.pop(index["IndexName"])
            assert there["KeySchema"] == index["KeySchema"]
            assert there["Projection"]["ProjectionType"] == index["Projection"]["ProjectionType"]
        assert not indexes
        expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert expiry["AttributeName"] == wanted["TimeToLiveSpecification"]["AttributeName"]
        assert expiry["TimeToLiveStatus"] == "ENABLED"


def test_queues_wait_keep_and_give_up_as_declared(
    shared_stack: LocalStack, declared: dict[str, Any]
) -> None:
    sqs = client(shared_stack, "sqs")
    there = {}
    for url in sqs.list_queues()["QueueUrls"]:
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        there[url.rpartition("/")[2]] = attributes
    wanted = dict(properties(declared, "AWS::SQS::Queue"))
    assert len(there) == len(wanted)
    for logical_id, queue in wanted.items():
        (attributes,) = (found for name, found in there.items() if f"-{logical_id}-" in f"-{name}-")
        for attribute, default in DEFAULT_WAIT.items():
            assert attributes[attribute] == str(value(declared, queue.get(attribute, default)))
        policy = queue.get("RedrivePolicy")
        assert ("RedrivePolicy" in attributes) is (policy is not None), logical_id
        if policy is not None:
            redrive = json.loads(attributes["RedrivePolicy"])
            assert int(redrive["maxReceiveCount"]) == policy["maxReceiveCount"]
            target, _ = policy["deadLetterTargetArn"]["Fn::GetAtt"]
            assert f"-{target}-" in f"-{redrive['deadLetterTargetArn'].rpartition(':')[2]}-"


def test_buckets_keep_versions_and_tell_queues_as_declared(
    shared_stack: LocalStack, declared: dict[str, Any]
) -> None:
    s3 = client(shared_stack, "s3")
    for logical_id, wanted in properties(declared, "AWS::S3::Bucket"):
        bucket = shared_stack.bucket(logical_id)
        versioning = s3.get_bucket_versioning(Bucket=bucket)
        assert versioning["Status"] == wanted["VersioningConfiguration"]["Status"]
        notified = s3.get_bucket_notification_configuration(Bucket=bucket)
        events = {
            (event, configuration["QueueArn"].rpartition(":")[2])
            for configuration in notified.get("QueueConfigurations", [])
            for event in configuration["Events"]
        }
        declared_events = wanted.get("NotificationConfiguration", {}).get("QueueConfigurations", [])
        assert {event for event, _ in events} == {entry["Event"] for entry in declared_events}
        for entry in declared_events:
            target, _ = entry["Queue"]["Fn::GetAtt"]
            assert all(f"-{target}-" in f"-{queue}-" for _, queue in events)


def names(dynamodb: Any) -> list[str]:
    return list(dynamodb.list_tables()["TableNames"])


def by_name(attributes: list[dict[str, str]]) -> dict[str, str]:
    return {entry["AttributeName"]: entry["AttributeType"] for entry in attributes}
