"""Connection rows: who is behind a WebSocket connection. It never sends anything."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from copilot.identity import Identity, anonymous_user
from copilot.table import META_SK, Table, connection_pk, decode, encode, is_live, key

CONNECTION_TTL_S = 2 * 3600 + 600
"""API Gateway closes a WebSocket after two hours; ten minutes of slack."""


class Connection(Struct, frozen=True, kw_only=True):
    """One open socket; only an ``anonymous`` one takes its user from ``hello``."""

    connection_id: str
    identity: Identity
    anonymous: bool
    connected_at: int


class UnknownConnection(Exception):
    """No live row for this connection id."""


class Connections:
    """The rows ``CONN#id / META``."""

    def __init__(self, table: Table, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now

    def open(self, connection: Connection) -> None:
        """Register a connection at ``$connect``; repeating it is harmless."""
        now = int(self._now())
        self._table.client.put_item(
            TableName=self._table.name,
            Item=encode(
                {
                    "PK": connection_pk(connection.connection_id),
                    "SK": META_SK,
                    "tenant": connection.identity.tenant,
                    "user": connection.identity.user,
                    "groups": list(connection.identity.groups),
                    "anonymous": connection.anonymous,
                    "connected_at": connection.connected_at,
                    "ttl": now + CONNECTION_TTL_S,
                }
            ),
        )

    def get(self, connection_id: str) -> Connection:
        """Read a row.

        Raises:
            UnknownConnection: none, or expired.
        """
        answer = self._table.client.get_item(
            TableName=self._table.name,
            Key=key(connection_pk(connection_id), META_SK),
            ConsistentRead=True,
        )
        item = decode(answer.get("Item", {}))
        if not item or not is_live(item, self._now()):
            raise UnknownConnection(connection_id)
        return Connection(
            connection_id=connection_id,
            identity=Identity(
                tenant=item["tenant"], user=item["user"], groups=tuple(item["groups"])
            ),
            anonymous=item["anonymous"],
            connected_at=item["connected_at"],
        )

    def identify(self, connection: Connection, client_id: str) -> Connection:
        """Give an anonymous connection the user that its browser keeps across reconnects.

        Without authentication ``client_id`` is all that ties a person to an answer, so it is as
        secret as a session cookie. An authenticated connection keeps its user.
        """
        if not connection.anonymous:
            return connection
        user = anonymous_user(client_id)
        self._table.client.update_item(
            TableName=self._table.name,
            Key=key(connection_pk(connection.connection_id), META_SK),
            UpdateExpression="SET #u = :u",
            ConditionExpression="attribute_exists(PK)",
            ExpressionAttributeNames={"#u": "user"},
            ExpressionAttributeValues={":u": {"S": user}},
        )
        identity = Identity(
            tenant=connection.identity.tenant, user=user, groups=connection.identity.groups
        )
        return Connection(
            connection_id=connection.connection_id,
            identity=identity,
            anonymous=True,
            connected_at=connection.connected_at,
        )

    def close(self, connection_id: str) -> None:
        """Forget a connection at ``$disconnect``; repeating it is harmless."""
        self._table.client.delete_item(
            TableName=self._table.name, Key=key(connection_pk(connection_id), META_SK)
        )
