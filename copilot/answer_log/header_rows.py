"""The header of an answer in the table, and its question: reads, and one conditional update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from copilot.answer_log.header import Header, UnknownAnswer
from copilot.answer_log.question import Question
from copilot.identity import Identity
from copilot.table import ASK_SK, HEADER_SK, Table, answer_pk, decode, encode, is_live, key


def read_header(table: Table, answer_id: str, now: float) -> Header | None:
    """Return the header, or ``None`` if there is none or it has expired."""
    answer = table.client.get_item(
        TableName=table.name, Key=key(answer_pk(answer_id), HEADER_SK), ConsistentRead=True
    )
    item = decode(answer.get("Item", {}))
    return header_of(table, item) if item and is_live(item, now) else None


def header_of(table: Table, item: Mapping[str, Any]) -> Header:
    """The header in a decoded row, its end opened."""
    return Header.of(table.opened(item["tenant"], item))


def owned_header(table: Table, identity: Identity, answer_id: str, now: float) -> Header:
    """The header of one of the caller's own answers.

    Raises:
        UnknownAnswer: it does not exist, has expired, or is somebody else's.
    """
    header = read_header(table, answer_id, now)
    if header is None or not header.belongs_to(identity):
        raise UnknownAnswer("There is no such answer.")
    return header


def read_question(table: Table, tenant: str, answer_id: str) -> Question | None:
    """What was asked in ``tenant``, or ``None`` if that is gone."""
    answer = table.client.get_item(
        TableName=table.name, Key=key(answer_pk(answer_id), ASK_SK), ConsistentRead=True
    )
    if "Item" not in answer:
        return None
    item = table.opened(tenant, decode(answer["Item"]))
    return Question(
        text=item["text"],
        filters=_filters(item.get("filters", {})),
        fresh=item.get("fresh", False),
        parent=item.get("parent"),
    )


def update_header(
    table: Table,
    answer_id: str,
    update: str,
    condition: str,
    values: dict[str, Any],
    names: dict[str, str] | None = None,
) -> Header | None:
    """One conditional update; ``None`` when the condition does not hold."""
    try:
        answer = table.client.update_item(
            **header_update(table, answer_id, update, condition, values, names)
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return None
        raise
    return header_of(table, decode(answer["Attributes"]))


def header_update(
    table: Table,
    answer_id: str,
    update: str,
    condition: str,
    values: dict[str, Any],
    names: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The parameters of the ``UpdateItem`` that ``update_header`` sends."""
    used = update + condition
    aliases = {"#state": "state", "#ttl": "ttl", **(names or {})}
    return {
        "TableName": table.name,
        "Key": key(answer_pk(answer_id), HEADER_SK),
        "UpdateExpression": update,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {k: v for k, v in aliases.items() if k in used},
        "ExpressionAttributeValues": encode(values),
        "ReturnValues": "ALL_NEW",
    }


def _filters(stored: str | dict[str, str]) -> dict[str, str]:
    """Filters as they are stored now, JSON, or as they were before that could be sealed, a map."""
    return stored if isinstance(stored, dict) else msgspec.json.decode(stored, type=dict[str, str])
