"""The row of one conversation: read and changed for its owner alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from copilot.conversations.history import ConversationHead, Conversations, UnknownConversation
from copilot.identity import Identity
from copilot.table import META_SK, Table, conversation_pk, decode, encode, key


class Heads:
    """Reads and changes rows. ``now`` is the wall clock in seconds."""

    def __init__(self, table: Table, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now
        self._conversations = Conversations(table, now)

    def any(self, identity: Identity, conversation_id: str) -> ConversationHead:
        """A conversation, deleted or not.

        Raises:
            UnknownConversation: it does not exist or is somebody else's.
        """
        found = self._conversations.head(identity, conversation_id)
        if found is None:
            raise _unknown()
        return found

    def undeleted(self, identity: Identity, conversation_id: str) -> ConversationHead:
        """A conversation that is not deleted.

        Raises:
            UnknownConversation: it does not exist, is deleted, or is somebody else's.
        """
        found = self.any(identity, conversation_id)
        if found.deleted_until is not None:
            raise _unknown()
        return found

    def change(
        self,
        identity: Identity,
        conversation_id: str,
        change: str,
        values: dict[str, Any],
        condition: str = "",
        *,
        deleted: bool = False,
    ) -> ConversationHead:
        """Make ``change``, an update expression with ``values``, where ``condition`` holds too;
        ``deleted`` allows a deleted conversation to be changed.

        Raises:
            UnknownConversation: it does not exist, is deleted, is somebody else's, or the
                condition does not hold.
        """
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
        return self.of(identity, decode(answer["Attributes"]))

    def of(self, identity: Identity, item: dict[str, Any]) -> ConversationHead:
        """The head in a decoded row, its texts opened."""
        return ConversationHead.of(self._table.opened(identity.tenant, item))


def _unknown() -> UnknownConversation:
    return UnknownConversation("There is no such conversation.")
