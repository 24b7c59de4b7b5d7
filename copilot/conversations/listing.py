"""A person's conversations: listed newest first, named, pinned, deleted and restored.

The list is a sparse index over the conversations' own rows, so that it needs no rows of its own
and cannot disagree with them. Deleting hides at once; the rows then expire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError
from msgspec import Struct

from copilot.conversations.history import ConversationHead, Conversations, UnknownConversation
from copilot.identifiers import new_id
from copilot.identity import Identity
from copilot.redaction import redact
from copilot.table import (
    ASK_SK,
    HEADER_SK,
    HEADER_TTL_S,
    MESSAGE_SK_PREFIX,
    META_SK,
    OWNER_INDEX,
    Table,
    answer_pk,
    conversation_pk,
    decode,
    encode,
    is_live,
    key,
    owner_key,
)

UNDO_S = 60
"""How long a deleted conversation can be restored."""

_TOMBSTONE_S = 3_600
"""How long a deleted conversation is still known as deleted."""

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


class UndoExpired(UnknownConversation):
    """The conversation was deleted, and the time to restore it has passed."""

    code = "undo_expired"


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
        self._conversations = Conversations(table, now)

    def page(self, identity: Identity, *, limit: int, after: Position | None = None) -> Page:
        """At most ``limit`` conversations: pinned ones first, each kind newest first.

        The index follows a write within moments.
        """
        heads: list[ConversationHead] = []
        while True:
            query = self._query(identity, limit - len(heads), after)
            answer = self._table.client.query(**query)
            items = [decode(item) for item in answer["Items"]]
            heads += [self._head_in(identity, i) for i in items if is_live(i, self._now())]
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
        return self._update(identity, conversation_id, "SET title = :title", {":title": sealed})

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
            return self._update(
                identity, conversation_id, change, {":offset": _PIN_OFFSET}, condition
            )
        except UnknownConversation:
            head = self.head(identity, conversation_id)
            if head.pinned == pinned:
                return head
            raise

    def head(self, identity: Identity, conversation_id: str) -> ConversationHead:
        """A conversation that is not deleted.

        Raises:
            UnknownConversation: it does not exist, is deleted, or is somebody else's.
        """
        found = self._conversations.head(identity, conversation_id)
        if found is None or found.deleted_until is not None:
            raise _unknown()
        return found

    def delete(self, identity: Identity, conversation_id: str) -> ConversationHead:
        """Hide a conversation; its rows expire unless it is restored within ``UNDO_S``.

        Deleting it again changes nothing. Returns it as it was, with ``deleted_until``.

        Raises:
            UnknownConversation: it does not exist or is somebody else's.
        """
        before = self._conversations.head(identity, conversation_id)
        if before is None:
            raise _unknown()
        if before.deleted_until is not None:
            return before
        until = int((self._now() + UNDO_S) * 1000)
        self._update(
            identity,
            conversation_id,
            "SET deleted_until = :until, list_order = :order, #ttl = :ttl REMOVE active_answer",
            {":until": until, ":order": -until, ":ttl": until // 1000 + _TOMBSTONE_S},
        )
        self._expire(identity.tenant, conversation_id, until // 1000 + 1, until // 1000 + 1)
        return ConversationHead(
            **{n: getattr(before, n) for n in before.__struct_fields__ if n != "deleted_until"},
            deleted_until=until,
        )

    def restore(self, identity: Identity, conversation_id: str) -> ConversationHead:
        """Undo a deletion; restoring what is not deleted changes nothing.

        Raises:
            UndoExpired: the time for it has passed.
            UnknownConversation: it does not exist or is somebody else's.
        """
        found = self._conversations.head(identity, conversation_id)
        if found is None:
            raise _unknown()
        if found.deleted_until is None:
            return found
        now = self._now()
        if found.deleted_until < now * 1000:
            raise UndoExpired("The minute in which it could be restored has passed.")
        # Its rows first: what is listed must be whole.
        self._expire(
            identity.tenant, conversation_id, int(now) + self._retention_s, int(now) + HEADER_TTL_S
        )
        return self._update(
            identity,
            conversation_id,
            "SET list_order = if_not_exists(pin_offset, :zero) + :order, #ttl = :ttl "
            "REMOVE deleted_until",
            {
                ":zero": 0,
                ":order": found.updated * 1000,
                ":ttl": int(now) + self._retention_s,
            },
            "attribute_exists(deleted_until)",
            deleted=True,
        )

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

    def _update(
        self,
        identity: Identity,
        conversation_id: str,
        change: str,
        values: dict[str, Any],
        condition: str = "",
        *,
        deleted: bool = False,
    ) -> ConversationHead:
        conditions = ["#owner = :owner", "#ttl > :now"]
        if not deleted:
            conditions.append("attribute_not_exists(deleted_until)")
        if condition:
            conditions.append(condition)
        try:
            answer = self._table.client.update_item(
                TableName=self._table.name,
                Key=key(conversation_pk(identity.tenant, conversation_id), META_SK),
                UpdateExpression=change,
                ConditionExpression=" AND ".join(conditions),
                ExpressionAttributeNames={"#owner": "owner", "#ttl": "ttl"},
                ExpressionAttributeValues=encode(
                    {**values, ":owner": identity.user, ":now": int(self._now())}
                ),
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise _unknown() from error
        return self._head_in(identity, decode(answer["Attributes"]))

    def _head_in(self, identity: Identity, item: dict[str, Any]) -> ConversationHead:
        return ConversationHead.of(self._table.opened(identity.tenant, item))

    def _expire(self, tenant: str, conversation_id: str, ttl: int, answer_ttl: int) -> None:
        """Let the messages go at ``ttl``, headers and questions of their answers at
        ``answer_ttl`` (seconds since 1970); those that are gone already stay gone."""
        pk = conversation_pk(tenant, conversation_id)
        pages = self._table.client.get_paginator("query").paginate(
            TableName=self._table.name,
            KeyConditionExpression="PK = :pk AND begins_with(SK, :m)",
            ExpressionAttributeValues=encode({":pk": pk, ":m": MESSAGE_SK_PREFIX}),
            ConsistentRead=True,
        )
        items = [decode(item) for page in pages for item in page["Items"]]
        expiries = {(pk, str(item["SK"])): ttl for item in items}
        for item in items:
            for sk in (HEADER_SK, ASK_SK):
                expiries[answer_pk(item["answer_id"]), sk] = answer_ttl
        for (row, sk), second in expiries.items():
            self._set_expiry(row, sk, second)

    def _set_expiry(self, pk: str, sk: str, ttl: int) -> None:
        try:
            self._table.client.update_item(
                TableName=self._table.name,
                Key=key(pk, sk),
                UpdateExpression="SET #ttl = :ttl",
                ConditionExpression="#ttl > :now",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues=encode({":ttl": ttl, ":now": int(self._now())}),
            )
        except self._table.client.exceptions.ConditionalCheckFailedException:
            return  # It has expired.


def _id_in(pk: str) -> str:
    return pk.rsplit("#", 1)[1]


def _unknown() -> UnknownConversation:
    return UnknownConversation("There is no such conversation.")
