"""How much a person and a whole tenant may use, beyond one person's questions a minute.

Nothing here joins the transaction of a question but rows of its own answer, so that a tenant's
counters never make its people's transactions conflict. What is counted:

- questions a minute of a tenant: one counter per minute, raised on its own;
- answers at a time: a slot per answer, taken with the question and freed with the end, in their
  transactions; a slot whose answer never ends frees itself after ``SLOT_S``;
- tokens a day (UTC): added when an answer has ended. A process that dies between the two forgets
  one answer's tokens.

Slots are counted before one is taken: questions that arrive in the same moment may exceed the
limit by as many. A limit of 0 is none, and costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from copilot.errors import RequestError
from copilot.identity import Identity
from copilot.table import META_SK, Table, decode, encode, is_live, key

MINUTE_S = 60
DAY_S = 86_400
SLOT_S = 900
"""Longer than any answer takes with its retries and its way to the dead letters' consumer."""

SLOT_RETRY_MS = 2_000
"""When an answer ends is not known; most do within seconds."""


class RateLimited(RequestError):
    """Too many questions in this window."""

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after_ms: int) -> None:
        super().__init__(message)
        self.retry_after_ms = retry_after_ms


class Allowance(Struct, frozen=True, kw_only=True):
    """The limits; 0 is no limit."""

    tenant_questions_per_minute: int = 0
    tokens_per_day: int = 0
    tenant_tokens_per_day: int = 0
    answers_at_once: int = 0
    tenant_answers_at_once: int = 0

    @property
    def counts(self) -> bool:
        """Whether an answer's slot and tokens are to be counted."""
        return bool(
            self.tokens_per_day
            or self.tenant_tokens_per_day
            or self.answers_at_once
            or self.tenant_answers_at_once
        )


class Usage:
    """The counters of one table. ``now`` is the wall clock in seconds."""

    def __init__(self, table: Table, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now

    def check(self, identity: Identity, allowance: Allowance) -> None:
        """Let one more question through.

        Raises:
            RateLimited: a limit is reached; ``retry_after_ms`` says when it is worth trying again.
        """
        self._check_tokens(identity, allowance)
        self._check_slots(identity, allowance)
        self._count_question(identity, allowance.tenant_questions_per_minute)

    def tokens(self, identity: Identity, *, whole_tenant: bool = False) -> int:
        """Tokens of today: of the person, or of everybody in their tenant."""
        answer = self._table.client.get_item(
            TableName=self._table.name,
            Key=key(_tokens_pk(identity, self._now(), whole_tenant), META_SK),
            ConsistentRead=True,
        )
        return int(decode(answer.get("Item", {})).get("tokens", 0))

    def add_tokens(self, identity: Identity, tokens: int) -> None:
        """Count what an answer has used, for the person and for the tenant."""
        for whole_tenant in (False, True):
            self._table.client.update_item(
                TableName=self._table.name,
                Key=key(_tokens_pk(identity, self._now(), whole_tenant), META_SK),
                UpdateExpression="ADD tokens :n SET #ttl = :ttl",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues=encode(
                    {":n": tokens, ":ttl": int(self._now()) + 2 * DAY_S}
                ),
            )

    def answers(self, identity: Identity, *, whole_tenant: bool = False) -> int:
        """Answers that are being written: the person's, or the whole tenant's."""
        prefix = "" if whole_tenant else f"{identity.user}#"
        pages = self._table.client.get_paginator("query").paginate(
            TableName=self._table.name,
            KeyConditionExpression="PK = :pk" + (" AND begins_with(SK, :u)" if prefix else ""),
            ExpressionAttributeValues=encode({":pk": _slots_pk(identity), ":u": prefix or None}),
            ConsistentRead=True,
        )
        rows = (decode(item) for page in pages for item in page["Items"])
        # A user's name may be the beginning of another's key only up to its separator.
        mine = (row for row in rows if whole_tenant or row["user"] == identity.user)
        return sum(is_live(row, self._now()) for row in mine)

    # --- inside ------------------------------------------------------------------------------

    def _check_tokens(self, identity: Identity, allowance: Allowance) -> None:
        for most, whole_tenant in (
            (allowance.tokens_per_day, False),
            (allowance.tenant_tokens_per_day, True),
        ):
            if most and self.tokens(identity, whole_tenant=whole_tenant) >= most:
                whose = "Everybody's" if whole_tenant else "Your"
                raise RateLimited(
                    f"{whose} tokens of today are used up; they begin anew at midnight UTC.",
                    retry_after_ms=_rest_ms(self._now(), DAY_S),
                )

    def _check_slots(self, identity: Identity, allowance: Allowance) -> None:
        for most, whole_tenant in (
            (allowance.answers_at_once, False),
            (allowance.tenant_answers_at_once, True),
        ):
            if most and self.answers(identity, whole_tenant=whole_tenant) >= most:
                raise RateLimited(
                    f"{most} answers are being written already; wait until one has ended.",
                    retry_after_ms=SLOT_RETRY_MS,
                )

    def _count_question(self, identity: Identity, most: int) -> None:
        if not most:
            return
        now = int(self._now())
        try:
            self._table.client.update_item(
                TableName=self._table.name,
                Key=key(f"RLT#{identity.tenant}#{now // MINUTE_S}", META_SK),
                UpdateExpression="ADD questions :one SET #ttl = :ttl",
                ConditionExpression="attribute_not_exists(questions) OR questions < :most",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues=encode(
                    {":one": 1, ":most": most, ":ttl": now + 2 * MINUTE_S}
                ),
            )
        except self._table.client.exceptions.ConditionalCheckFailedException as error:
            raise RateLimited(
                f"More than {most} questions in a minute from your organisation; wait a moment.",
                retry_after_ms=_rest_ms(self._now(), MINUTE_S),
            ) from error


def take_slot(table: str, identity: Identity, answer_id: str, now: float) -> dict[str, Any]:
    """The write that occupies a slot; part of the transaction that accepts the question."""
    item = {
        **key_values(identity, answer_id),
        "user": identity.user,
        "ttl": int(now) + SLOT_S,
    }
    return {"Put": {"TableName": table, "Item": encode(item)}}


def free_slot(table: str, identity: Identity, answer_id: str) -> dict[str, Any]:
    """The write that frees it; part of the transaction that ends the answer."""
    values = key_values(identity, answer_id)
    return {
        "Update": {
            "TableName": table,
            "Key": encode(values),
            "UpdateExpression": "SET #ttl = :past, #user = :user",
            "ExpressionAttributeNames": {"#ttl": "ttl", "#user": "user"},
            "ExpressionAttributeValues": encode({":past": 1, ":user": identity.user}),
        }
    }


def key_values(identity: Identity, answer_id: str) -> dict[str, str]:
    """The key of an answer's slot."""
    return {"PK": _slots_pk(identity), "SK": f"{identity.user}#{answer_id}"}


def _slots_pk(identity: Identity) -> str:
    return f"SLOT#{identity.tenant}"


def _tokens_pk(identity: Identity, now: float, whole_tenant: bool) -> str:
    day = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    whose = "T" if whole_tenant else f"U#{identity.user}"
    return f"TOKENS#{identity.tenant}#{day}#{whose}"


def _rest_ms(now: float, window_s: int) -> int:
    return int((window_s - now % window_s) * 1000) + 1
