"""One row for every ended answer, by tenant and day: what insights are made of.

A row says who asked what and when, which passages were shown, what it cost and how it ended. It is
written in the transaction that ends the answer, so that a redelivery cannot count twice, and goes
with the conversations (``RETENTION_DAYS``). Sums of a past day are kept beside its rows; whatever
changes a row of a past day outdates them in the same transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from msgspec import Struct

from copilot.answer_log.header import Header
from copilot.identity import Identity
from copilot.table import Table, day_pk, decode, encode, is_live, key
from copilot.wire import End, FinalState, Source

DAY_S = 86_400
_RECEIPT = "R#"
_ROLLUP = "ROLLUP#"
_SEALED = ("question", "question_sha256", "answer_sha256", "comment", "cache_reason")
"""What of a row is sealed where there is a key. A hash of a question that can be guessed tells the
question, so hashes are sealed with it; the cache's reason quotes an earlier question."""
EVERYBODY = "*"
"""The scope of a tenant's sums; a person's sums have the user's name."""


def day_of(second: float) -> str:
    """The UTC day of a time in seconds since 1970, as in ``2026-11-21``."""
    return _day(int(second // DAY_S))


@lru_cache(maxsize=512)
def _day(number: int) -> str:
    """A day by its number since 1970; the same few are asked for all the time."""
    return datetime.fromtimestamp(number * DAY_S, UTC).strftime("%Y-%m-%d")


@lru_cache(maxsize=512)
def day_start(day: str) -> int:
    """The first second of a day, since 1970."""
    return int(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp())


class StoredReceipt(Struct, frozen=True, kw_only=True):
    """A row. ``at`` is when it was asked, in seconds since 1970; times in milliseconds."""

    answer_id: str
    conversation_id: str
    user: str
    at: int
    question: str
    state: FinalState
    finish_reason: str
    code: str | None = None
    cache: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    first_token_ms: float | None = None
    total_ms: float | None = None
    rating: Literal["up", "down"] | None = None

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> StoredReceipt:
        """Build a receipt from a decoded DynamoDB item."""
        return cls(**{name: item[name] for name in cls.__struct_fields__ if name in item})


class Rollup(Struct, frozen=True):
    """Kept sums as the reader encoded them; ``version`` rises whenever they are outdated."""

    version: int
    body: str | None


def receipt_sk(user: str, answer_id: str) -> str:
    """Sort key of a receipt: a person's rows lie together."""
    return f"{_RECEIPT}{user}#{answer_id}"


def rollup_sk(scope: str) -> str:
    """Sort key of a day's kept sums: of a user, or of ``EVERYBODY``."""
    return f"{_ROLLUP}{scope}"


def receipt_key(header: Header) -> dict[str, str]:
    """The key of the receipt that an answer has once it has ended."""
    return {
        "PK": day_pk(header.identity.tenant, day_of(header.created)),
        "SK": receipt_sk(header.identity.user, header.answer_id),
    }


def receipt_item(
    table: Table,
    header: Header,
    end: End,
    sources: Iterable[Source],
    question: str,
    *,
    retention_s: int,
) -> dict[str, Any]:
    """The row of an answer that ends with ``end``, sealed."""
    receipt = end.receipt
    day, tenant = day_of(header.created), header.identity.tenant
    row: dict[str, Any] = {
        **receipt_key(header),
        "answer_id": header.answer_id,
        "conversation_id": header.conversation_id,
        "tenant": tenant,
        "user": header.identity.user,
        "groups": list(header.identity.groups),
        "at": header.created,
        "question": question,
        "question_sha256": hashlib.sha256(question.encode()).hexdigest(),
        "answer_sha256": end.sha256,
        "state": end.state,
        "finish_reason": end.finish_reason,
        "code": end.error.code if end.error else None,
        "epoch": end.epoch,
        "attempts": header.attempts,
        "chunk_ids": [source.chunk_id for source in sources],
        "cited_chunk_ids": sorted({citation.chunk_id for citation in end.citations}),
        "flags": len(end.flags),
        "ttl": _expiry(day, retention_s),
    }
    if receipt is not None:
        row |= {
            "model": receipt.model,
            "corpus_version": receipt.corpus_version,
            "cache": receipt.cache.decision,
            "cache_reason": receipt.cache.reason,
            "prompt_tokens": receipt.tokens.prompt,
            "completion_tokens": receipt.tokens.completion,
            "cost_usd": decimal(receipt.cost_usd),
            "first_token_ms": decimal(receipt.first_token_ms),
            "total_ms": decimal(receipt.total_ms),
            "posts": receipt.posts,
        }
    return encode(table.sealed(tenant, row, *_SEALED))


def outdate(
    table: Table, identity: Identity, at: int, now: float, *, retention_s: int
) -> list[dict[str, Any]]:
    """The writes that outdate the kept sums of the day of ``at``; none while that day lasts."""
    day = day_of(at)
    if day == day_of(now):
        return []
    return [
        {
            "Update": {
                "TableName": table.name,
                "Key": key(day_pk(identity.tenant, day), rollup_sk(scope)),
                "UpdateExpression": "SET #ttl = :ttl ADD version :one REMOVE body",
                "ExpressionAttributeNames": {"#ttl": "ttl"},
                "ExpressionAttributeValues": encode({":one": 1, ":ttl": _expiry(day, retention_s)}),
            }
        }
        for scope in (EVERYBODY, identity.user)
    ]


class Receipts:
    """Reads receipts and keeps sums. ``user`` narrows to one person; ``None``: the tenant."""

    def __init__(self, table: Table, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now

    def of_day(self, tenant: str, day: str, user: str | None) -> list[StoredReceipt]:
        """The receipts of one day."""
        return [StoredReceipt.of(item) for item in self.rows(tenant, day, user)]

    def rows(self, tenant: str, day: str, user: str | None) -> list[dict[str, Any]]:
        """The whole rows of one day, decoded."""
        prefix = _RECEIPT if user is None else receipt_sk(user, "")
        pages = self._table.client.get_paginator("query").paginate(
            TableName=self._table.name,
            KeyConditionExpression="PK = :pk AND begins_with(SK, :r)",
            ExpressionAttributeValues={
                ":pk": {"S": day_pk(tenant, day)},
                ":r": {"S": prefix},
            },
            ConsistentRead=True,
        )
        items = (decode(item) for page in pages for item in page["Items"])
        live = (i for i in items if is_live(i, self._now()) and user in (None, i["user"]))
        return [self._table.opened(tenant, item) for item in live]

    def rollups(self, tenant: str, days: Sequence[str], user: str | None) -> dict[str, Rollup]:
        """The kept sums of ``days``, at most 100 of them; an empty one where there is none."""
        keys = [self._rollup_key(tenant, day, user) for day in days]
        found = {day: Rollup(0, None) for day in days}
        while keys:
            answer = self._table.client.batch_get_item(
                RequestItems={self._table.name: {"Keys": keys, "ConsistentRead": True}}
            )
            for raw in answer["Responses"].get(self._table.name, []):
                item = decode(raw)
                if is_live(item, self._now()):
                    item = self._table.opened(tenant, item)
                    day = item["PK"].rsplit("#", 1)[1]
                    found[day] = Rollup(item["version"], item.get("body"))
            left = answer["UnprocessedKeys"].get(self._table.name)
            keys = [dict(one) for one in left["Keys"]] if left else []
        return found

    def keep(
        self, tenant: str, day: str, user: str | None, known: Rollup, body: str, *, retention_s: int
    ) -> None:
        """Keep the sums of a past day, unless a row has changed since ``known`` was read."""
        pk, sk = day_pk(tenant, day), rollup_sk(EVERYBODY if user is None else user)
        try:
            self._table.client.update_item(
                TableName=self._table.name,
                Key=key(pk, sk),
                UpdateExpression="SET body = :body, version = :version, #ttl = :ttl",
                ConditionExpression="attribute_not_exists(version) OR version = :version",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues=encode(
                    {
                        ":body": self._table.seal(tenant, pk, sk, "body", body),
                        ":version": known.version,
                        ":ttl": _expiry(day, retention_s),
                    }
                ),
            )
        except self._table.client.exceptions.ConditionalCheckFailedException:
            return  # The next reader sums up what is there then.

    def _rollup_key(self, tenant: str, day: str, user: str | None) -> dict[str, Any]:
        return key(day_pk(tenant, day), rollup_sk(EVERYBODY if user is None else user))


def _expiry(day: str, retention_s: int) -> int:
    """When the rows of a day go, all at once, so that no sum is ever made of some of them."""
    return day_start(day) + DAY_S + retention_s


def decimal(value: float | None) -> Decimal | None:
    """DynamoDB takes no binary floats; six decimals are a millionth of a dollar."""
    return None if value is None else Decimal(str(round(value, 6)))
