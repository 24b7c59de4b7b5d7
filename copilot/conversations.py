"""Conversations and their messages. Writing happens inside the answer log's transactions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from copilot.identity import Identity
from copilot.table import (
    MESSAGE_SK_PREFIX,
    META_SK,
    Table,
    conversation_pk,
    decode,
    encode,
    is_live,
    key,
)


class Message(Struct, frozen=True, kw_only=True):
    """One stored message. ``end`` is the terminal event as JSON, for an assistant's message."""

    role: Literal["user", "assistant"]
    text: str
    answer_id: str
    at: int
    state: str | None = None
    end: str | None = None
    sources: str | None = None


class ConversationHead(Struct, frozen=True, kw_only=True):
    """A conversation without its messages; ``active_answer`` is the one being written."""

    conversation_id: str
    owner: str
    title: str
    active_answer: str | None


class Conversations:
    """Reads of ``T#tenant#CONV#c``."""

    def __init__(self, table: Table, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now

    def head(self, identity: Identity, conversation_id: str) -> ConversationHead | None:
        """Return the conversation if it exists and is the caller's, else ``None``."""
        answer = self._table.client.get_item(
            TableName=self._table.name,
            Key=key(conversation_pk(identity.tenant, conversation_id), META_SK),
            ConsistentRead=True,
        )
        item = decode(answer.get("Item", {}))
        if not item or item["owner"] != identity.user or not is_live(item, self._now()):
            return None
        return ConversationHead(
            conversation_id=conversation_id,
            owner=item["owner"],
            title=item["title"],
            active_answer=item.get("active_answer"),
        )

    def history(
        self, tenant: str, conversation_id: str, *, before_answer: str, limit: int = 6
    ) -> list[Message]:
        """Return the last ``limit`` messages, oldest first, without those of ``before_answer``."""
        answer = self._table.client.query(
            TableName=self._table.name,
            KeyConditionExpression="PK = :pk AND begins_with(SK, :m)",
            ExpressionAttributeValues={
                ":pk": {"S": conversation_pk(tenant, conversation_id)},
                ":m": {"S": MESSAGE_SK_PREFIX},
            },
            ScanIndexForward=False,
            Limit=limit + 2,
            ConsistentRead=True,
        )
        items = [decode(item) for item in answer["Items"]]
        messages = [
            Message(
                role=item["role"],
                text=item["text"],
                answer_id=item["answer_id"],
                at=item["at"],
                state=item.get("state"),
                end=item.get("end"),
                sources=item.get("sources"),
            )
            for item in items
            if is_live(item, self._now()) and item["answer_id"] != before_answer
        ]
        return messages[:limit][::-1]


def message_item(
    tenant: str, conversation_id: str, message_id: str, message: Message, ttl: int
) -> dict[str, Any]:
    """One message as a DynamoDB item; ``message_id`` is a ULID, so that keys sort by time."""
    return encode(
        {
            "PK": conversation_pk(tenant, conversation_id),
            "SK": MESSAGE_SK_PREFIX + message_id,
            "role": message.role,
            "text": message.text,
            "answer_id": message.answer_id,
            "at": message.at,
            "state": message.state,
            "end": message.end,
            "sources": message.sources,
            "ttl": ttl,
        }
    )


def title_of(question: str, limit: int = 60) -> str:
    """A conversation's first title: the start of its first question, cut at a word."""
    line = " ".join(question.split())
    if len(line) <= limit:
        return line
    return line[:limit].rsplit(" ", 1)[0].rstrip(",.;:") + "…"
