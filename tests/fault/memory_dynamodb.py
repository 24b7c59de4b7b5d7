"""A DynamoDB client over a dictionary: one table, the calls that ``copilot`` makes, no network.

It evaluates the very expressions that are sent. ``before`` and ``after`` are called around every
call, so that a model can crash its caller there or let others go first; ``rewrite`` may change a
condition or an update, which is how the model breaks a rule on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from tests.fault.expressions import Item, Missing, condition, update

Key = tuple[str, str]
Call = Callable[[str], None]


class ConditionalCheckFailed(ClientError):
    """The condition of a single write does not hold."""


class TransactionCancelled(ClientError):
    """A condition within a transaction does not hold; nothing was written."""


class MemoryDynamoDb:
    """Implements what ``copilot.table.Table`` asks of its client."""

    exceptions = SimpleNamespace(
        ConditionalCheckFailedException=ConditionalCheckFailed,
        TransactionCanceledException=TransactionCancelled,
        ClientError=ClientError,
    )

    def __init__(self) -> None:
        self.items: dict[Key, Item] = {}
        self.before: Call = _nothing
        self.after: Call = _nothing
        self.written: Callable[[Key, Item | None], None] = _unwatched
        self.rewrite: Callable[[str], str] = str

    def get_item(self, **request: Any) -> dict[str, Any]:
        self.before("GetItem")
        item = self.items.get(_key(request["Key"]))
        self.after("GetItem")
        return {} if item is None else {"Item": dict(item)}

    def put_item(self, **request: Any) -> dict[str, Any]:
        self.before("PutItem")
        self._check_one("PutItem", _key(request["Item"]), request)
        self._put(request["Item"])
        self.after("PutItem")
        return {}

    def update_item(self, **request: Any) -> dict[str, Any]:
        self.before("UpdateItem")
        key = _key(request["Key"])
        self._check_one("UpdateItem", key, request)
        item = self._update(key, request)
        self.after("UpdateItem")
        if request.get("ReturnValues") == "ALL_NEW":
            return {"Attributes": dict(item)}
        return {}

    def delete_item(self, **request: Any) -> dict[str, Any]:
        self.before("DeleteItem")
        key = _key(request["Key"])
        self._check_one("DeleteItem", key, request)
        item = self.items.pop(key, None)
        self.written(key, None)
        self.after("DeleteItem")
        return {"Attributes": item} if item and request.get("ReturnValues") == "ALL_OLD" else {}

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        self.before("TransactWriteItems")
        writes = [next(iter(write.items())) for write in request["TransactItems"]]
        reasons = [
            "None" if self._holds(_key(w.get("Key") or w["Item"]), w) else "ConditionalCheckFailed"
            for _, w in writes
        ]
        if any(reason != "None" for reason in reasons):
            raise TransactionCancelled(
                {
                    "Error": {"Code": "TransactionCanceledException", "Message": str(reasons)},
                    "CancellationReasons": [{"Code": reason} for reason in reasons],
                },
                "TransactWriteItems",
            )
        for kind, write in writes:
            if kind == "Put":
                self._put(write["Item"])
            elif kind == "Update":
                self._update(_key(write["Key"]), write)
            elif kind == "Delete":
                self.items.pop(_key(write["Key"]), None)
                self.written(_key(write["Key"]), None)
        self.after("TransactWriteItems")
        return {}

    def query(self, **request: Any) -> dict[str, Any]:
        self.before("Query")
        holds = condition(
            request["KeyConditionExpression"], request.get("ExpressionAttributeNames") or {}
        )
        values = request["ExpressionAttributeValues"]
        partition = _partition(request["KeyConditionExpression"])
        pk = values[partition]["S"] if partition else None
        found = [
            key
            for key, item in self.items.items()
            if (pk is None or key[0] == pk) and holds(item, values)
        ]
        found.sort(key=lambda key: key[1].encode(), reverse=not request.get("ScanIndexForward", 1))
        items = [dict(self.items[key]) for key in found[: request.get("Limit")]]
        self.after("Query")
        return {"Items": items, "Count": len(items)}

    def get_paginator(self, operation: str) -> _Pages:
        assert operation == "query"
        return _Pages(self)

    # --- inside ------------------------------------------------------------------------------

    def _check_one(self, operation: str, key: Key, request: Mapping[str, Any]) -> None:
        if not self._holds(key, request):
            code = "ConditionalCheckFailedException"
            raise ConditionalCheckFailed(
                {"Error": {"Code": code, "Message": "The conditional request failed"}}, operation
            )

    def _holds(self, key: Key, request: Mapping[str, Any]) -> bool:
        text = request.get("ConditionExpression")
        if not text:
            return True
        holds = condition(self.rewrite(text), request.get("ExpressionAttributeNames") or {})
        return holds(self.items.get(key, {}), request.get("ExpressionAttributeValues") or {})

    def _put(self, item: Item) -> None:
        self.items[_key(item)] = dict(item)
        self.written(_key(item), item)

    def _update(self, key: Key, request: Mapping[str, Any]) -> Item:
        change = update(
            self.rewrite(request["UpdateExpression"]), request.get("ExpressionAttributeNames") or {}
        )
        before = self.items.get(key) or {"PK": {"S": key[0]}, "SK": {"S": key[1]}}
        try:
            item = change(before, request.get("ExpressionAttributeValues") or {})
        except Missing as error:
            message = "The provided expression refers to an attribute that does not exist"
            raise ClientError(
                {"Error": {"Code": "ValidationException", "Message": message}}, "UpdateItem"
            ) from error
        self.items[key] = item
        self.written(key, item)
        return item


@cache
def _partition(key_condition: str) -> str | None:
    """The value that the partition key must have, where the condition begins with it."""
    match = re.match(r"PK = (:\w+)\b", key_condition)
    return match[1] if match else None


class _Pages:
    def __init__(self, client: MemoryDynamoDb) -> None:
        self._client = client

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        yield self._client.query(**request)


def _key(item: Mapping[str, Any]) -> Key:
    return item["PK"]["S"], item["SK"]["S"]


def _nothing(operation: str) -> None:
    """Nothing happens around a call."""


def _unwatched(key: Key, item: Item | None) -> None:
    """Nobody looks at what is written."""


def throttled(operation: str) -> ClientError:
    """What DynamoDB says when it is asked too much and the client's own retries are used up."""
    code = "ProvisionedThroughputExceededException"
    return ClientError({"Error": {"Code": code, "Message": "too much"}}, operation)


__all__: Sequence[str] = ("MemoryDynamoDb", "throttled")
