"""A person's conversations: listed newest first, begun, named and pinned.

The list is a sparse index over the conversations' own rows, so that it needs no rows of its own
and cannot disagree with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Struct

from copilot.conversations.heads import Heads
from copilot.conversations.history import ConversationHead, UnknownConversation
from copilot.identifiers import new_id
from copilot.identity import Identity
from copilot.redaction import redact
from copilot.table import (
    META_SK,
    OWNER_INDEX,
    Table,
    conversation_pk,
    decode,
    encode,
    is_live,
    owner_key,
)

_PIN_OFFSET = 10**15
"""Added to the milliseconds that order the list: 30,000 years, so that pinned ones come first."""


class Position(Struct, frozen=True):
    """A place in the list: where the next page begins."""

    list_order: int
    conversation_id: str


class Page(Struct, frozen=True):
    """A part of the list; ``after`` is where the rest begins, if there is more."""

    heads: list[ConversationHead]
    after: Position | None


class ConversationList:
    """Lists and changes conversations. ``now`` is the wall clock in seconds.

    Personal data of the kinds ``redacted`` is removed from titles.
    """

    def __init__(
        self,
        table: Table,
        now: Callable[[], float],
        *,
        retention_s: int = 30 * 86_400,
        redacted: Iterable[str] = (),
    ) -> None:
        self._table = table
        self._now = now
        self._retention_s = retention_s
        self._redacted = tuple(redacted)
        self._heads = Heads(table, now)

    def page(self, identity: Identity, *, limit: int, after: Position | None = None) -> Page:
        """At most ``limit`` conversations: pinned ones first, each kind newest first.

        The index follows a write within moments.
        """
        heads: list[ConversationHead] = []
        while True:
            query = self._query(identity, limit - len(heads), after)
            answer = self._table.client.query(**query)
            items = [decode(item) for item in answer["Items"]]
            heads += [self._heads.of(identity, i) for i in items if is_live(i, self._now())]
            last = decode(answer.get("LastEvaluatedKey", {}))
            after = Position(last["list_order"], _id_in(last["PK"])) if last else None
            if after is None or len(heads) >= limit:
                return Page(heads, after)

    def all_of(self, identity: Identity) -> Iterator[str]:
        """The ids of all conversations of a person, deleted ones included."""
        pages = self._table.client.get_paginator("query").paginate(
            TableName=self._table.name,
            IndexName=OWNER_INDEX,
            KeyConditionExpression="owner_key = :owner",
            ExpressionAttributeValues=encode({":owner": owner_key(identity)}),
        )
        for page in pages:
            for item in page["Items"]:
                yield _id_in(decode(item)["PK"])

    def create(self, identity: Identity, title: str | None) -> ConversationHead:
        """Make an empty conversation; without a title its first question names it."""
        conversation_id, now = new_id(), self._now()
        item = {
            "PK": conversation_pk(identity.tenant, conversation_id),
            "SK": META_SK,
            "owner": identity.user,
            "owner_key": owner_key(identity),
            "list_order": int(now * 1000),
            "title": redact(title, self._redacted) if title is not None else None,
            "created": int(now),
            "updated": int(now),
            "turns": 0,
            "ttl": int(now) + self._retention_s,
        }
        sealed = self._table.sealed(identity.tenant, item, "title")
        self._table.client.put_item(TableName=self._table.name, Item=encode(sealed))
        return ConversationHead.of({k: v for k, v in item.items() if v is not None})

    def rename(self, identity: Identity, conversation_id: str, title: str) -> ConversationHead:
        """Give a conversation another title.

        Raises:
            UnknownConversation: it does not exist, is deleted, or is somebody else's.
        """
        pk = conversation_pk(identity.tenant, conversation_id)
        plain = redact(title, self._redacted)
        sealed = self._table.seal(identity.tenant, pk, META_SK, "title", plain)
        return self._heads.change(
            identity, conversation_id, "SET title = :title", {":title": sealed}
        )

    def pin(self, identity: Identity, conversation_id: str, pinned: bool) -> ConversationHead:
        """Keep a conversation at the top of the list, or no longer.

        Raises:
            UnknownConversation: it does not exist, is deleted, or is somebody else's.
        """
        condition = f"attribute_{'not_' if pinned else ''}exists(pin_offset)"
        change = (
            "SET pin_offset = :offset, list_order = list_order + :offset"
            if pinned
            else "SET list_order = list_order - :offset REMOVE pin_offset"
        )
        try:
            return self._heads.change(
                identity, conversation_id, change, {":offset": _PIN_OFFSET}, condition
            )
        except UnknownConversation:
            head = self._heads.undeleted(identity, conversation_id)
            if head.pinned == pinned:
                return head
            raise

    # --- inside ------------------------------------------------------------------------------

    def _query(self, identity: Identity, limit: int, after: Position | None) -> dict[str, Any]:
        query: dict[str, Any] = {
            "TableName": self._table.name,
            "IndexName": OWNER_INDEX,
            "KeyConditionExpression": "owner_key = :owner AND list_order > :zero",
            "ExpressionAttributeValues": encode({":owner": owner_key(identity), ":zero": 0}),
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if after is not None:
            pk = conversation_pk(identity.tenant, after.conversation_id)
            query["ExclusiveStartKey"] = encode(
                {
                    "PK": pk,
                    "SK": META_SK,
                    "owner_key": owner_key(identity),
                    "list_order": after.list_order,
                }
            )
        return query


def _id_in(pk: str) -> str:
    return pk.rsplit("#", 1)[1]
