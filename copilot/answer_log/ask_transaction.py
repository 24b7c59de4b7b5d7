"""The one transaction that accepts a question, as data, its texts sealed. It writes nothing itself.

The order of the writes is part of the contract: the caller reads the reasons of a refusal by it.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from copilot.access.allowance import take_slot
from copilot.answer_log.header import IDEMPOTENCY_TTL_S
from copilot.answer_log.question import NewQuestion
from copilot.conversations.history import Message, message_item, title_of
from copilot.table import (
    ASK_SK,
    HEADER_SK,
    HEADER_TTL_S,
    META_SK,
    Table,
    answer_pk,
    conversation_pk,
    encode,
    idempotency_pk,
    key,
    owner_key,
    rate_limit_pk,
)

RATE_WINDOW_S = 60
IDEMPOTENCY, CONVERSATION, RATE = 0, 1, 2
"""Positions of the conditional writes."""


class AskTransaction(Struct, frozen=True, kw_only=True):
    """Everything that one accepted question writes; ``now`` in seconds.

    ``parent`` is the turn that the question follows, ``leaf`` what the conversation's newest turn
    must still be where that is not left to the client.
    """

    table: Table
    question: NewQuestion
    answer_id: str
    conversation_id: str
    parent: str
    leaf: str | None
    now: float
    questions_per_minute: int
    retention_s: int
    counted: bool = False

    def writes(self) -> list[dict[str, Any]]:
        """The writes: idempotency, conversation, rate limit, then header, question, message, and
        the answer's slot if it is ``counted``."""
        writes = [self._idempotency(), self._conversation(), self._rate(), *self._answer()]
        if self.counted:
            writes.append(
                take_slot(self.table.name, self.question.identity, self.answer_id, self.now)
            )
        return writes

    @property
    def _tenant(self) -> str:
        return self.question.identity.tenant

    @property
    def _second(self) -> int:
        return int(self.now)

    def _idempotency(self) -> dict[str, Any]:
        item = {
            "PK": idempotency_pk(self.question.identity, self.question.client_msg_id),
            "SK": META_SK,
            "answer_id": self.answer_id,
            "conversation_id": self.conversation_id,
            "payload": self.question.payload_hash(),
            "ttl": self._second + IDEMPOTENCY_TTL_S,
        }
        return {
            "Put": {
                "TableName": self.table.name,
                "Item": encode(self.table.sealed(self._tenant, item, "payload")),
                "ConditionExpression": "attribute_not_exists(PK) OR #ttl < :now",
                "ExpressionAttributeNames": {"#ttl": "ttl"},
                "ExpressionAttributeValues": encode({":now": self._second}),
            }
        }

    def _conversation(self) -> dict[str, Any]:
        pk = conversation_pk(self._tenant, self.conversation_id)
        title = title_of(self.question.text)
        values: dict[str, Any] = {
            ":answer": self.answer_id,
            ":now": self._second,
            ":order": int(self.now * 1000),
            ":ttl": self._second + self.retention_s,
            ":owner": self.question.identity.user,
            ":list": owner_key(self.question.identity),
            ":title": self.table.seal(self._tenant, pk, META_SK, "title", title),
            ":zero": 0,
            ":one": 1,
        }
        extra = ""
        if self.question.conversation_id is None:
            condition = "attribute_not_exists(PK)"
            extra = ", #owner = :owner, created = :now"
        else:
            condition = (
                "#owner = :owner AND #ttl > :now AND attribute_not_exists(active_answer) "
                "AND attribute_not_exists(deleted_until)"
            )
            if self.leaf is not None:
                condition += " AND leaf = :leaf"
                values[":leaf"] = self.leaf
        return {
            "Update": {
                "TableName": self.table.name,
                "Key": key(pk, META_SK),
                "UpdateExpression": "SET active_answer = :answer, leaf = :answer, updated = :now, "
                "#ttl = :ttl, owner_key = :list, title = if_not_exists(title, :title), "
                "list_order = if_not_exists(pin_offset, :zero) + :order, "
                "turns = if_not_exists(turns, :zero) + :one" + extra,
                "ConditionExpression": condition,
                "ExpressionAttributeNames": {"#owner": "owner", "#ttl": "ttl"},
                "ExpressionAttributeValues": encode(values),
            }
        }

    def _rate(self) -> dict[str, Any]:
        window = self._second // RATE_WINDOW_S
        return {
            "Update": {
                "TableName": self.table.name,
                "Key": key(rate_limit_pk(self.question.identity, window), META_SK),
                "UpdateExpression": "ADD questions :one SET #ttl = :ttl",
                "ConditionExpression": "attribute_not_exists(questions) OR questions < :most",
                "ExpressionAttributeNames": {"#ttl": "ttl"},
                "ExpressionAttributeValues": encode(
                    {
                        ":one": 1,
                        ":most": self.questions_per_minute,
                        ":ttl": self._second + 2 * RATE_WINDOW_S,
                    }
                ),
            }
        }

    def _answer(self) -> list[dict[str, Any]]:
        identity = self.question.identity
        header = {
            "PK": answer_pk(self.answer_id),
            "SK": HEADER_SK,
            "answer_id": self.answer_id,
            "tenant": identity.tenant,
            "user": identity.user,
            "groups": list(identity.groups),
            "conversation_id": self.conversation_id,
            "epoch": 0,
            "last_seq": 0,
            "state": "queued",
            "lease_until": 0,
            "attempts": 0,
            "counted": self.counted or None,
            "credential": self.question.credential or None,
            "subscribers": {self.question.connection_id} if self.question.connection_id else None,
            "created": self._second,
            "enqueued_at": self._second,
            "ttl": self._second + HEADER_TTL_S,
        }
        asked = {
            "PK": answer_pk(self.answer_id),
            "SK": ASK_SK,
            "text": self.question.text,
            "filters": msgspec.json.encode(self.question.filters).decode(),
            "fresh": self.question.fresh,
            "parent": self.parent,
            "ttl": self._second + HEADER_TTL_S,
        }
        message = Message(
            role="user",
            text=self.question.text,
            answer_id=self.answer_id,
            at=self._second,
            parent=self.parent,
        )
        stored = message_item(
            self.table,
            identity.tenant,
            self.conversation_id,
            message,
            self._second + self.retention_s,
        )
        asked = self.table.sealed(identity.tenant, asked, "text", "filters")
        items = [encode(header), encode(asked), stored]
        return [{"Put": {"TableName": self.table.name, "Item": item}} for item in items]
