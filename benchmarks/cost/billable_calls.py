"""Counts what AWS would bill for the calls that real handlers make, by listening to botocore.

A ``Meter`` must listen before clients are made; the table behind it must be one that a second
client can read (moto), since the units of a write depend on the item's size.
"""

from __future__ import annotations

import threading
from collections import Counter
from fractions import Fraction
from typing import Any

from botocore.handlers import BUILTIN_HANDLERS

from benchmarks.cost.dynamodb_units import index_write_units, item_bytes, read_units, write_units

INDEX_KEYS = ("owner_key", "list_order")
WEBSOCKET_UNIT_BYTES = 32 * 1024
SQS_UNIT_BYTES = 64 * 1024
_READS = frozenset({"GetItem", "Query", "BatchGetItem"})
_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})


class Meter:
    """Sums billable units until ``take`` is called. ``probe`` is a DynamoDB client of its own."""

    def __init__(self, probe: Any) -> None:
        self._probe = probe
        self._lock = threading.Lock()
        self._units: Counter[str] = Counter()

    def listen(self) -> None:
        """Hear every call of the clients of every session that this process makes from now on."""
        for service in ("dynamodb", "sqs", "apigatewaymanagementapi", "kms"):
            BUILTIN_HANDLERS.append((f"provide-client-params.{service}.*", self._begin))
            BUILTIN_HANDLERS.append((f"after-call.{service}.*", self._end))

    def take(self) -> dict[str, int | float]:
        """What was billed since the last call, by unit; read units may be halves."""
        with self._lock:
            taken, self._units = self._units, Counter()
        return {
            name: int(units) if Fraction(units).denominator == 1 else float(units)
            for name, units in sorted(taken.items())
        }

    def _begin(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        context["metered"] = params
        if model.name in _WRITES:
            context["before"] = [self._item(*key) for key in _written(model.name, params)]

    def _end(self, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        params = context["metered"]
        units: Counter[str] = Counter()
        match model.service_model.service_name:
            case "dynamodb":
                self._dynamodb(units, model.name, params, parsed, context)
            case "kms":
                units["kms_requests"] = 1
            case "sqs":
                size = len(params.get("MessageBody", ""))
                units["sqs_requests"] = -(-max(size, 1) // SQS_UNIT_BYTES)
            case "apigatewaymanagementapi":
                data = params.get("Data", b"")
                units["posts"] = 1
                units["posted_units"] = -(-max(len(data), 1) // WEBSOCKET_UNIT_BYTES)
                units["posted_bytes"] = len(data)
        with self._lock:
            self._units.update(units)

    def _dynamodb(
        self,
        units: Counter[str],
        operation: str,
        params: dict[str, Any],
        parsed: dict[str, Any],
        context: dict[str, Any],
    ) -> None:
        units["dynamodb_calls"] = 1
        if operation in _READS:
            items = parsed.get("Items") or ([parsed["Item"]] if "Item" in parsed else [])
            read = read_units(
                sum(map(item_bytes, items)), consistent=params.get("ConsistentRead", False)
            )
            units["dynamodb_read_units"] = read  # type: ignore[assignment]
            return
        if operation not in _WRITES:
            raise NotImplementedError(f"the meter does not know what {operation} costs")
        transactional = operation == "TransactWriteItems"
        for key, before in zip(_written(operation, params), context["before"], strict=True):
            after = self._item(*key)
            written = write_units(before, after, transactional=transactional)
            units["dynamodb_write_units"] += written + index_write_units(before, after, INDEX_KEYS)
            units[f"writes to {_partition(key[1])}"] += written
            units["dynamodb_stored_bytes"] += item_bytes(after) - item_bytes(before)

    def _item(self, table: str, key: dict[str, Any]) -> dict[str, Any] | None:
        found = self._probe.get_item(TableName=table, Key=key, ConsistentRead=True)
        item: dict[str, Any] | None = found.get("Item")
        return item


def _written(operation: str, params: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Table and key of each item that a call writes or checks."""
    if operation == "TransactWriteItems":
        parts = [part for action in params["TransactItems"] for part in action.values()]
    else:
        parts = [params]
    return [(part["TableName"], _key(part)) for part in parts]


def _partition(key: dict[str, Any]) -> str:
    """The kind of a partition: what its key says besides ids, such as ``ANS`` or ``T DAY``."""
    return " ".join(part for part in key["PK"]["S"].split("#") if part.isupper())


def _key(part: dict[str, Any]) -> dict[str, Any]:
    if "Key" in part:
        key: dict[str, Any] = part["Key"]
        return key
    return {name: part["Item"][name] for name in ("PK", "SK")}
