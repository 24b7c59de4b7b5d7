"""A conversation deleted, and restored within a minute: hidden at once, its rows then expire."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from copilot.conversations.heads import Heads
from copilot.conversations.history import ConversationHead, UnknownConversation
from copilot.identity import Identity
from copilot.table import (
    ASK_SK,
    HEADER_SK,
    HEADER_TTL_S,
    MESSAGE_SK_PREFIX,
    Table,
    answer_pk,
    conversation_pk,
    decode,
    encode,
    key,
)

UNDO_S = 60
"""How long a deleted conversation can be restored."""

_TOMBSTONE_S = 3_600
"""How long a deleted conversation is still known as deleted."""


class UndoExpired(UnknownConversation):
    """The conversation was deleted, and the time to restore it has passed."""

    code = "undo_expired"


class Deletion:
    """Deletes and restores. ``now`` is the wall clock in seconds."""

    def __init__(
        self, table: Table, now: Callable[[], float], *, retention_s: int = 30 * 86_400
    ) -> None:
        self._table = table
        self._now = now
        self._retention_s = retention_s
        self._heads = Heads(table, now)

    def delete(self, identity: Identity, conversation_id: str) -> ConversationHead:
        """Hide a conversation; its rows expire unless it is restored within ``UNDO_S``.

        Deleting it again changes nothing. Returns it as it was, with ``deleted_until``.

        Raises:
            UnknownConversation: it does not exist or is somebody else's.
        """
        before = self._heads.any(identity, conversation_id)
        if before.deleted_until is not None:
            return before
        until = int((self._now() + UNDO_S) * 1000)
        self._heads.change(
            identity,
            conversation_id,
            "SET deleted_until = :until, list_order = :order, #ttl = :ttl REMOVE active_answer",
            {":until": until, ":order": -until, ":ttl": until // 1000 + _TOMBSTONE_S},
        )
        self._expire(identity.tenant, conversation_id, until // 1000 + 1, until // 1000 + 1)
        return replace(before, deleted_until=until)

    def restore(self, identity: Identity, conversation_id: str) -> ConversationHead:
        """Undo a deletion; restoring what is not deleted changes nothing.

        Raises:
            UndoExpired: the time for it has passed.
            UnknownConversation: it does not exist or is somebody else's.
        """
        found = self._heads.any(identity, conversation_id)
        if found.deleted_until is None:
            return found
        now = self._now()
        if found.deleted_until < now * 1000:
            raise UndoExpired("The minute in which it could be restored has passed.")
        # Its rows first: what is listed must be whole.
        self._expire(
            identity.tenant, conversation_id, int(now) + self._retention_s, int(now) + HEADER_TTL_S
        )
        return self._heads.change(
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
