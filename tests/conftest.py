"""Fixtures that several suites share: a clock that tests own, and the table on moto."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from hypothesis import settings
from moto import mock_aws

from copilot.table import OWNER_INDEX, Table

REGION = "eu-central-1"

# How long an example takes says more about the machine than about the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


class Time:
    """A wall clock in seconds that only moves when a test moves it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS inside this process, with nothing of the machine's own configuration."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield


@pytest.fixture
def table(aws: None) -> Table:
    """The single table, empty."""
    return create_table()


def create_table() -> Table:
    """The single table as the template declares it, on moto."""
    client = boto3.client("dynamodb", region_name=REGION)
    client.create_table(
        TableName="copilot",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "PK", "AttributeType": "S"},
            {"AttributeName": "SK", "AttributeType": "S"},
            {"AttributeName": "owner_key", "AttributeType": "S"},
            {"AttributeName": "list_order", "AttributeType": "N"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": OWNER_INDEX,
                "KeySchema": [
                    {"AttributeName": "owner_key", "KeyType": "HASH"},
                    {"AttributeName": "list_order", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        KeySchema=[
            {"AttributeName": "PK", "KeyType": "HASH"},
            {"AttributeName": "SK", "KeyType": "RANGE"},
        ],
    )
    return Table(client, "copilot")
