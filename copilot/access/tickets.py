"""Tickets: a proof of sign-in that a WebSocket handshake can carry, once and briefly.

A browser cannot set headers on a WebSocket, and what stands in an address ends up in logs. So the
page shows its credential to the HTTP API, gets a ticket, and connects with that: whoever finds
the ticket later finds it used.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from copilot.access.connections import owner_pk
from copilot.errors import RequestError
from copilot.identity import Identity
from copilot.table import META_SK, Table, decode, encode, is_live, key

TICKET_TTL_S = 60
"""Held in code: DynamoDB removes expired rows hours late."""

_PREFIX = "TICKET#"

CLIENT_ID = "client-id"
"""The ``credential`` of somebody who has not signed in."""


class TicketRefused(RequestError):
    """The ticket is unknown, used, expired or forged; these look alike on purpose."""

    code = "auth_refused"


class Grant(Struct, frozen=True, kw_only=True):
    """Who somebody is, and until when (seconds since 1970) that was established.

    ``credential`` names the API key or token behind it, for the audit; never the secret itself.
    """

    identity: Identity
    expires_at: int
    credential: str


class Tickets:
    """The rows ``TICKET#hash``, and beside each a row of its owner by which it can be revoked; the
    table never sees a ticket itself."""

    def __init__(self, table: Table, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now

    def issue(self, grant: Grant) -> str:
        """A ticket of 256 random bits that redeems ``grant`` once within ``TICKET_TTL_S``."""
        ticket = secrets.token_urlsafe(32)
        identity, pk = grant.identity, _ticket_pk(ticket)
        # The owner's row first: no ticket is good that logging out would not find.
        self._put({"PK": owner_pk(identity), "SK": pk})
        self._put(
            {
                "PK": pk,
                "SK": META_SK,
                "tenant": identity.tenant,
                "user": identity.user,
                "groups": list(identity.groups),
                "expires_at": grant.expires_at,
                "credential": grant.credential,
            }
        )
        return ticket

    def revoke(self, identity: Identity) -> None:
        """Make every ticket of somebody worthless that was not used yet."""
        pages = self._table.client.get_paginator("query").paginate(
            TableName=self._table.name,
            KeyConditionExpression="PK = :pk AND begins_with(SK, :t)",
            ExpressionAttributeValues=encode({":pk": owner_pk(identity), ":t": _PREFIX}),
            ConsistentRead=True,
        )
        for row in (decode(item) for page in pages for item in page["Items"]):
            for place in (key(row["SK"], META_SK), key(row["PK"], row["SK"])):
                self._table.client.delete_item(TableName=self._table.name, Key=place)

    def redeem(self, ticket: str) -> Grant:
        """Use a ticket up: one conditional delete, so that of two users one wins.

        Raises:
            TicketRefused: there is no such ticket, any more or at all.
        """
        answer = self._table.client.delete_item(
            TableName=self._table.name,
            Key=key(_ticket_pk(ticket), META_SK),
            ReturnValues="ALL_OLD",
        )
        item = decode(answer.get("Attributes", {}))
        now = self._now()
        if not item or not is_live(item, now) or item["expires_at"] <= now:
            raise TicketRefused("The ticket is not valid; ask for a new one and connect again.")
        return Grant(
            identity=Identity(
                tenant=item["tenant"], user=item["user"], groups=tuple(item["groups"])
            ),
            expires_at=item["expires_at"],
            credential=item["credential"],
        )

    def _put(self, row: dict[str, Any]) -> None:
        ttl = int(self._now()) + TICKET_TTL_S
        self._table.client.put_item(TableName=self._table.name, Item=encode({**row, "ttl": ttl}))


def _ticket_pk(ticket: str) -> str:
    return f"{_PREFIX}{hashlib.sha256(ticket.encode()).hexdigest()}"
