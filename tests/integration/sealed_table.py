"""The table with a KMS key, as a deployment that names one has it; KMS is moto's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3

from copilot.sealing.choosing import sealer_of
from copilot.table import Table


def sealed(table: Table, now: Callable[[], float]) -> tuple[Table, str]:
    """``table`` with a sealer under a new key, and the key's ARN for ``KMS_KEY_ID``."""
    kms = boto3.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    sealer = sealer_of(arn, lambda: kms, table.client, table.name, now)
    return Table(table.client, table.name, sealer), arn


def stored_bytes(table: Table) -> bytes:
    """Everything that lies in the table, keys and values, one after another."""
    pages = table.client.get_paginator("scan").paginate(TableName=table.name)
    return b"\n".join(_bytes_in(item) for page in pages for item in page["Items"])


def _bytes_in(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        return b"\t".join(_bytes_in(one) for pair in value.items() for one in pair)
    if isinstance(value, list | set):
        return b"\t".join(_bytes_in(one) for one in value)
    return str(value).encode()
