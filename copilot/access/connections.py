"""Connection rows: who is behind a WebSocket connection, and until when. It never sends anything.

Beside ``CONN#id`` every known person has a row per open connection, so that all of somebody's
sockets can be closed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from copilot.identity import Identity, anonymous_user
from copilot.table import META_SK, Table, connection_pk, decode, encode, is_live, key

CONNECTION_TTL_S = 2 * 3600 + 600
"""API Gateway closes a WebSocket after two hours; ten minutes of slack."""

RENEWAL_S = 60
"""How long a socket stays open whose sign-in has ended, so that it can be renewed there."""

_OWNED_SK_PREFIX = "CONN#"


class Connection(Struct, frozen=True, kw_only=True):
    """One open socket; only an ``anonymous`` one takes its user from ``hello``.

    ``expires_at`` (seconds since 1970) is when the sign-in behind it ends; 0: never. ``credential``
    is what was signed in with (``Grant.credential``).
    """

    connection_id: str
    identity: Identity
    anonymous: bool
    connected_at: int
    expires_at: int = 0
    credential: str = ""

    def is_signed_in(self, now: float) -> bool:
        """Whether what was proved about this person still holds at ``now``."""
        return self.expires_at == 0 or now < self.expires_at

    def has_lapsed(self, now: float) -> bool:
        """Whether the time for a renewal has passed too: the credential is gone, or the person."""
        return not self.is_signed_in(now - RENEWAL_S)


class UnknownConnection(Exception):
    """No live row for this connection id."""


class Connections:
    """The rows ``CONN#id / META`` and ``T#tenant#USER#user / CONN#id``."""

    def __init__(self, table: Table, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now

    def open(self, connection: Connection) -> None:
        """Register a connection at ``$connect``; repeating it is harmless."""
        self._put(
            {
                "PK": connection_pk(connection.connection_id),
                "SK": META_SK,
                "tenant": connection.identity.tenant,
                "user": connection.identity.user,
                "groups": list(connection.identity.groups),
                "anonymous": connection.anonymous,
                "connected_at": connection.connected_at,
                "expires_at": connection.expires_at,
                "credential": connection.credential,
            }
        )
        if not connection.anonymous:
            self._own(connection)

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
        return _connection(connection_id, item)

    def identify(self, connection: Connection, client_id: str) -> Connection:
        """Give an anonymous connection the user that its browser keeps across reconnects.

        Without authentication ``client_id`` is all that ties a person to an answer, so it is as
        secret as a session cookie. An authenticated connection keeps its user.
        """
        if not connection.anonymous:
            return connection
        identity = replace(connection.identity, user=anonymous_user(client_id))
        self._set(connection.connection_id, "user", identity.user)
        identified = replace(connection, identity=identity)
        self._own(identified)
        return identified

    def renew(self, connection: Connection, expires_at: int, credential: str) -> Connection:
        """Extend the sign-in of a connection to ``expires_at``, by ``credential``."""
        self._set(connection.connection_id, "expires_at", expires_at)
        self._set(connection.connection_id, "credential", credential)
        return replace(connection, expires_at=expires_at, credential=credential)

    def close(self, connection_id: str) -> None:
        """Forget a connection at ``$disconnect``; repeating it is harmless."""
        answer = self._table.client.delete_item(
            TableName=self._table.name,
            Key=key(connection_pk(connection_id), META_SK),
            ReturnValues="ALL_OLD",
        )
        item = decode(answer.get("Attributes", {}))
        if item:
            owner = _connection(connection_id, item).identity
            self._table.client.delete_item(
                TableName=self._table.name,
                Key=key(owner_pk(owner), _OWNED_SK_PREFIX + connection_id),
            )

    def of(self, identity: Identity) -> list[str]:
        """The ids of somebody's open connections, some perhaps closed a moment ago."""
        ids: list[str] = []
        pages = self._table.client.get_paginator("query").paginate(
            TableName=self._table.name,
            KeyConditionExpression="PK = :pk AND begins_with(SK, :c)",
            ExpressionAttributeValues=encode({":pk": owner_pk(identity), ":c": _OWNED_SK_PREFIX}),
            ConsistentRead=True,
        )
        for page in pages:
            rows = [decode(item) for item in page["Items"]]
            ids += [row["SK"][len(_OWNED_SK_PREFIX) :] for row in rows if self._is_live(row)]
        return ids

    def _own(self, connection: Connection) -> None:
        owned = _OWNED_SK_PREFIX + connection.connection_id
        self._put({"PK": owner_pk(connection.identity), "SK": owned})

    def _put(self, item: dict[str, Any]) -> None:
        ttl = int(self._now()) + CONNECTION_TTL_S
        self._table.client.put_item(TableName=self._table.name, Item=encode({**item, "ttl": ttl}))

    def _set(self, connection_id: str, attribute: str, value: Any) -> None:
        self._table.client.update_item(
            TableName=self._table.name,
            Key=key(connection_pk(connection_id), META_SK),
            UpdateExpression="SET #a = :v",
            ConditionExpression="attribute_exists(PK)",
            ExpressionAttributeNames={"#a": attribute},
            ExpressionAttributeValues=encode({":v": value}),
        )

    def _is_live(self, item: Mapping[str, Any]) -> bool:
        return is_live(item, self._now())


def owner_pk(identity: Identity) -> str:
    """The partition of what somebody has open: sockets, and tickets for more."""
    return f"T#{identity.tenant}#USER#{identity.user}"


def _connection(connection_id: str, item: Mapping[str, Any]) -> Connection:
    return Connection(
        connection_id=connection_id,
        identity=Identity(tenant=item["tenant"], user=item["user"], groups=tuple(item["groups"])),
        anonymous=item["anonymous"],
        connected_at=item["connected_at"],
        expires_at=item["expires_at"],
        credential=item.get("credential", ""),
    )
