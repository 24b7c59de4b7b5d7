"""The one transaction that accepts a question, as data. It writes nothing itself.

The order of the writes is part of the contract: the caller reads the reasons of a refusal by it.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from copilot.answer_header import HEADER_TTL_S, IDEMPOTENCY_TTL_S
from copilot.conversations import Message, message_item, title_of
from copilot.identifiers import new_id
from copilot.question import NewQuestion
from copilot.table import (
    ASK_SK,
    HEADER_SK,
    META_SK,
    answer_pk,
    conversation_pk,
    encode,
    idempotency_pk,
    key,
    rate_limit_pk,
)

RATE_WINDOW_S = 60
IDEMPOTENCY, CONVERSATION, RATE = 0, 1, 2
"""Positions of the conditional writes."""


class AskTransaction(Struct, frozen=True, kw_only=True):
    """Everything that one accepted question writes; ``now`` in whole seconds."""

    table: str
    question: NewQuestion
    answer_id: str
    conversation_id: str
    now: int
    questions_per_minute: int
    retention_s: int

    def writes(self) -> list[dict[str, Any]]:
        """The writes: idempotency, conversation, rate limit, then header, question, message."""
        return [self._idempotency(), self._conversation(), self._rate(), *self._answer()]

    def _idempotency(self) -> dict[str, Any]:
        item = {
            "PK": idempotency_pk(self.question.identity, self.question.client_msg_id),
            "SK": META_SK,
            "answer_id": self.answer_id,
            "conversation_id": self.conversation_id,
            "payload": self.question.payload_hash(),
            "ttl": self.now + IDEMPOTENCY_TTL_S,
        }
        return {
            "Put": {
                "TableName": self.table,
                "Item": encode(item),
                "ConditionExpression": "attribute_not_exists(PK) OR #ttl < :now",
                "ExpressionAttributeNames": {"#ttl": "ttl"},
                "ExpressionAttributeValues": encode({":now": self.now}),
            }
        }

    def _conversation(self) -> dict[str, Any]:
        values = {
            ":answer": self.answer_id,
            ":now": self.now,
            ":ttl": self.now + self.retention_s,
            ":owner": self.question.identity.user,
        }
        if self.question.conversation_id is None:
            condition = "attribute_not_exists(PK)"
            values[":title"] = title_of(self.question.text)
            extra = ", #owner = :owner, title = :title, created = :now"
        else:
            condition = "#owner = :owner AND #ttl > :now AND attribute_not_exists(active_answer)"
            extra = ""
        return {
            "Update": {
                "TableName": self.table,
                "Key": key(
                    conversation_pk(self.question.identity.tenant, self.conversation_id), META_SK
                ),
                "UpdateExpression": "SET active_answer = :answer, updated = :now, #ttl = :ttl"
                + extra,
                "ConditionExpression": condition,
                "ExpressionAttributeNames": {"#owner": "owner", "#ttl": "ttl"},
                "ExpressionAttributeValues": encode(values),
            }
        }

    def _rate(self) -> dict[str, Any]:
        window = self.now // RATE_WINDOW_S
        return {
            "Update": {
                "TableName": self.table,
                "Key": key(rate_limit_pk(self.question.identity, window), META_SK),
                "UpdateExpression": "ADD questions :one SET #ttl = :ttl",
                "ConditionExpression": "attribute_not_exists(questions) OR questions < :most",
                "ExpressionAttributeNames": {"#ttl": "ttl"},
                "ExpressionAttributeValues": encode(
                    {
                        ":one": 1,
                        ":most": self.questions_per_minute,
                        ":ttl": self.now + 2 * RATE_WINDOW_S,
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
            "subscribers": {self.question.connection_id},
            "created": self.now,
            "enqueued_at": self.now,
            "ttl": self.now + HEADER_TTL_S,
        }
        asked = {
            "PK": answer_pk(self.answer_id),
            "SK": ASK_SK,
            "text": self.question.text,
            "filters": self.question.filters,
            "fresh": self.question.fresh,
            "parent": self.question.parent,
            "ttl": self.now + HEADER_TTL_S,
        }
        message = Message(
            role="user", text=self.question.text, answer_id=self.answer_id, at=self.now
        )
        stored = message_item(
            identity.tenant, self.conversation_id, new_id(), message, self.now + self.retention_s
        )
        items = [encode(header), encode(asked), stored]
        return [{"Put": {"TableName": self.table, "Item": item}} for item in items]
