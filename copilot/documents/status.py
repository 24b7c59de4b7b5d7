"""What became of each uploaded document: one row each, which says the last thing that is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from msgspec import Struct, convert

from copilot.table import Table, decode, encode, is_live

State = Literal["queued", "indexing", "indexed", "failed", "removed"]

STATUS_PK = "DOCUMENTS"
_SK_PREFIX = "DOC#"

REMOVED_KEPT_S = 86_400
"""How long it is told that a document was removed."""


class DocumentStatus(Struct, frozen=True, kw_only=True):
    """``path`` as in the index; ``reason`` says why a document failed, or waits; ``changed_at`` is
    in milliseconds since 1970."""

    path: str
    state: State
    groups: list[str]
    changed_at: int
    reason: str | None = None


class DocumentStatuses:
    """The rows. ``now`` returns seconds since 1970."""

    def __init__(self, table: Table, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now

    def note(
        self, path: str, state: State, groups: Sequence[str], reason: str | None = None
    ) -> None:
        """Say what is known of a document now."""
        now = self._now()
        row: dict[str, Any] = {
            "PK": STATUS_PK,
            "SK": _SK_PREFIX + path,
            "path": path,
            "state": state,
            "groups": list(groups),
            "changed_at": int(now * 1000),
            "reason": reason,
            "ttl": int(now) + REMOVED_KEPT_S if state == "removed" else None,
        }
        self._table.client.put_item(TableName=self._table.name, Item=encode(row))

    def all(self) -> list[DocumentStatus]:
        """Every row that has not expired, by path."""
        found: list[DocumentStatus] = []
        following: dict[str, Any] = {}
        while True:
            page = self._table.client.query(
                TableName=self._table.name,
                KeyConditionExpression="PK = :pk AND begins_with(SK, :sk)",
                ExpressionAttributeValues=encode({":pk": STATUS_PK, ":sk": _SK_PREFIX}),
                **following,
            )
            rows = [decode(item) for item in page["Items"]]
            found += [convert(row, DocumentStatus) for row in rows if is_live(row, self._now())]
            if "LastEvaluatedKey" not in page:
                return found
            following = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
