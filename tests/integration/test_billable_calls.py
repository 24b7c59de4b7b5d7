"""The meter of `make bench-answer-calls`: what it hears of real botocore calls, on moto."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from botocore.handlers import BUILTIN_HANDLERS

from benchmarks.cost.billable_calls import Meter
from copilot.table import Table
from tests.conftest import REGION


@pytest.fixture
def meter(table: Table) -> Iterator[Meter]:
    """Listens to the sessions that are made after it; the table's own client is its probe."""
    before = list(BUILTIN_HANDLERS)
    made = Meter(table.client)
    made.listen()
    yield made
    BUILTIN_HANDLERS[:] = before


def test_writes_reads_and_what_is_stored(meter: Meter, table: Table) -> None:
    client = boto3.session.Session(region_name=REGION).client("dynamodb")
    key = {"PK": {"S": "ANS#1"}, "SK": {"S": "HDR"}}
    client.put_item(TableName=table.name, Item={**key, "text": {"S": "x" * 1500}})
    stored = len("PKANS#1SKHDRtext") + 1500
    assert meter.take() == {
        "dynamodb_calls": 1,
        "dynamodb_stored_bytes": stored,
        "dynamodb_write_units": 2,
        "writes to ANS": 2,
    }
    client.get_item(TableName=table.name, Key=key)
    assert meter.take() == {"dynamodb_calls": 1, "dynamodb_read_units": 0.5}
    row = {"PK": {"S": "T#a#DAY#d"}, "SK": {"S": "R"}}
    client.transact_write_items(TransactItems=[{"Put": {"TableName": table.name, "Item": row}}])
    assert meter.take()["dynamodb_write_units"] == 2
    client.delete_item(TableName=table.name, Key=key)
    taken = meter.take()
    assert (taken["dynamodb_write_units"], taken["dynamodb_stored_bytes"]) == (2, -stored)


def test_a_call_of_unknown_cost_is_refused(meter: Meter, table: Table) -> None:
    client = boto3.session.Session(region_name=REGION).client("dynamodb")
    with pytest.raises(NotImplementedError, match="Scan"):
        client.scan(TableName=table.name)
