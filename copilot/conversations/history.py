"""Conversations and their messages. Writing happens inside the answer log's transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct

from copilot.errors import RequestError
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
    message_sk,
    turn_sk_prefix,
)

ROOT = "root"
"""The parent of a conversation's first turn, and of every other beginning of it."""

_SEALED = ("text", "end", "sources", "comment")
"""What of a message is sealed where there is a key."""

_SLACK_TURNS = 2
"""How many turns of other branches one read of the history may meet before it reads again."""


class UnknownConversation(RequestError):
    """No such conversation, or it is somebody else's."""

    code = "unknown_conversation"


class Message(Struct, frozen=True, kw_only=True):
    """One stored message; ``at`` in seconds since 1970.

    A question has a ``parent``. An answer has ``end``, the terminal event as JSON, ``sources`` as
    JSON, and what the person said of it.
    """

    role: Literal["user", "assistant"]
    text: str
    answer_id: str
    at: int
    parent: str | None = None
    state: str | None = None
    end: str | None = None
    sources: str | None = None
    rating: Literal["up", "down"] | None = None
    reason: str | None = None
    comment: str | None = None

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Message:
        """Build a message from a decoded DynamoDB item."""
        return cls(**{name: item[name] for name in cls.__struct_fields__ if name in item})


class ConversationHead(Struct, frozen=True, kw_only=True):
    """A conversation without its messages; times in seconds since 1970.

    ``active_answer`` is the one being written, ``leaf`` the newest turn; ``deleted_until`` (ms) is
    set while a deleted conversation can be restored; ``list_order`` is its place in the list.
    """

    conversation_id: str
    owner: str
    title: str
    created: int
    updated: int
    turns: int
    pinned: bool
    active_answer: str | None
    leaf: str | None
    deleted_until: int | None = None
    list_order: int = 0

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> ConversationHead:
        """Build a head from a decoded DynamoDB item."""
        return cls(
            conversation_id=item["PK"].rsplit("#", 1)[1],
            owner=item["owner"],
            title=item.get("title", UNTITLED),
            created=item.get("created", item["updated"]),
            updated=item["updated"],
            turns=item.get("turns", 0),
            pinned="pin_offset" in item,
            active_answer=item.get("active_answer"),
            leaf=item.get("leaf"),
            deleted_until=item.get("deleted_until"),
            list_order=item.get("list_order", 0),
        )


UNTITLED = "New conversation"
"""The title of a conversation that has no question yet."""


class Conversations:
    """Reads of ``T#tenant#CONV#c``."""

    def __init__(self, table: Table, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now

    def head(self, identity: Identity, conversation_id: str) -> ConversationHead | None:
        """Return the conversation if it exists and is the caller's, else ``None``.

        One that was deleted, and can still be restored, is returned with ``deleted_until``.
        """
        answer = self._table.client.get_item(
            TableName=self._table.name,
            Key=key(conversation_pk(identity.tenant, conversation_id), META_SK),
            ConsistentRead=True,
        )
        item = decode(answer.get("Item", {}))
        if not item or item["owner"] != identity.user or not is_live(item, self._now()):
            return None
        return ConversationHead.of(self._table.opened(identity.tenant, item))

    def leaf(self, identity: Identity, conversation_id: str) -> str | None:
        """The newest turn of one of the caller's conversations; ``None`` where there is none."""
        answer = self._table.client.get_item(
            TableName=self._table.name,
            Key=key(conversation_pk(identity.tenant, conversation_id), META_SK),
            ProjectionExpression="#owner, #ttl, leaf",
            ExpressionAttributeNames={"#owner": "owner", "#ttl": "ttl"},
            ConsistentRead=True,
        )
        item = decode(answer.get("Item", {}))
        if not item or item["owner"] != identity.user or not is_live(item, self._now()):
            return None
        leaf: str | None = item.get("leaf")
        return leaf

    def has_turn(self, tenant: str, conversation_id: str, answer_id: str) -> bool:
        """Whether the conversation holds the turn."""
        answer = self._table.client.get_item(
            TableName=self._table.name,
            Key=key(conversation_pk(tenant, conversation_id), message_sk(answer_id, "user")),
            ProjectionExpression="PK",
        )
        return "Item" in answer

    def messages(self, tenant: str, conversation_id: str) -> list[Message]:
        """Every message of every branch, turns in the order in which they were asked."""
        pages = self._table.client.get_paginator("query").paginate(
            TableName=self._table.name,
            KeyConditionExpression="PK = :pk AND begins_with(SK, :m)",
            ExpressionAttributeValues=_prefix(tenant, conversation_id, MESSAGE_SK_PREFIX),
            ConsistentRead=True,
        )
        return self._live(tenant, (item for page in pages for item in page["Items"]))

    def history(
        self,
        tenant: str,
        conversation_id: str,
        *,
        before_answer: str,
        parent: str | None = None,
        limit: int = 6,
    ) -> list[Message]:
        """What was said on the branch that ends with the turn ``parent``, oldest first.

        At most ``limit`` messages, none of ``before_answer``. Without a ``parent`` it is the last
        turn; a stored turn without one follows the turn before it.
        """
        if parent == ROOT:
            return []
        newest = self._newest(tenant, conversation_id, limit + 2 * _SLACK_TURNS)
        turns: dict[str, list[Message]] = {}
        for message in newest:
            if message.answer_id != before_answer:
                turns.setdefault(message.answer_id, []).insert(0, message)
        order = list(turns)
        wanted = parent or next(iter(order), ROOT)
        said: list[Message] = []
        seen: set[str] = set()
        while wanted != ROOT and wanted not in seen and len(said) < limit:
            seen.add(wanted)
            turn = turns.get(wanted) or self.turn(tenant, conversation_id, wanted)
            if not turn:
                break
            said = [*turn, *said]
            wanted = turn[0].parent or _next_of(order, wanted)
        return said[-limit:]

    def _newest(self, tenant: str, conversation_id: str, limit: int) -> list[Message]:
        """The last ``limit`` messages of all branches, newest first."""
        answer = self._table.client.query(
            TableName=self._table.name,
            KeyConditionExpression="PK = :pk AND begins_with(SK, :m)",
            ExpressionAttributeValues=_prefix(tenant, conversation_id, MESSAGE_SK_PREFIX),
            ScanIndexForward=False,
            Limit=limit,
            ConsistentRead=True,
        )
        return self._live(tenant, answer["Items"])

    def turn(self, tenant: str, conversation_id: str, answer_id: str) -> list[Message]:
        """The question and, once it has ended, the answer of one turn."""
        answer = self._table.client.query(
            TableName=self._table.name,
            KeyConditionExpression="PK = :pk AND begins_with(SK, :m)",
            ExpressionAttributeValues=_prefix(tenant, conversation_id, turn_sk_prefix(answer_id)),
            ConsistentRead=True,
        )
        return self._live(tenant, answer["Items"])

    def _live(self, tenant: str, items: Iterable[Mapping[str, Any]]) -> list[Message]:
        now = self._now()
        decoded = (decode(item) for item in items)
        live = (item for item in decoded if is_live(item, now))
        return [Message.of(self._table.opened(tenant, item)) for item in live]


def _prefix(tenant: str, conversation_id: str, prefix: str) -> dict[str, Any]:
    return {":pk": {"S": conversation_pk(tenant, conversation_id)}, ":m": {"S": prefix}}


def _next_of(order: list[str], answer_id: str) -> str:
    """The turn before ``answer_id`` where ``order`` is newest first; ``ROOT`` for the first."""
    after = order.index(answer_id) + 1 if answer_id in order else len(order)
    return order[after] if after < len(order) else ROOT


def message_item(
    table: Table, tenant: str, conversation_id: str, message: Message, ttl: int
) -> dict[str, Any]:
    """One message as an item of ``table``, sealed; writing it twice makes no second one."""
    row = {
        "PK": conversation_pk(tenant, conversation_id),
        "SK": message_sk(message.answer_id, message.role),
        **{name: getattr(message, name) for name in message.__struct_fields__},
        "ttl": ttl,
    }
    return encode(table.sealed(tenant, row, *_SEALED))


def title_of(question: str, limit: int = 60) -> str:
    """A conversation's first title: the start of its first question, cut at a word."""
    line = " ".join(question.split())
    if len(line) <= limit:
        return line
    return line[:limit].rsplit(" ", 1)[0].rstrip(",.;:") + "…"
