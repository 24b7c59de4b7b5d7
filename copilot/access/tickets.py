"""Tickets: a proof of sign-in that a WebSocket handshake can carry, once and briefly.

A browser cannot set headers on a WebSocket, and what stands in an address ends up in logs. So the
page shows its credential to the HTTP API, gets a ticket, and connects with that: whoever finds
the ticket later finds it used.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

from msgspec import Struct

from copilot.errors import RequestError
from copilot.identity import Identity
from copilot.table import META_SK, Table, decode, encode, is_live, key

TICKET_TTL_S = 60
"""Held in code: DynamoDB removes expired rows hours late."""

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
    """The rows ``TICKET#hash``; the table never sees a ticket itself."""

    def __init__(self, table: Table, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now

    def issue(self, grant: Grant) -> str:
        """A ticket of 256 random bits that redeems ``grant`` once within ``TICKET_TTL_S``."""
        ticket = secrets.token_urlsafe(32)
        identity = grant.identity
        self._table.client.put_item(
            TableName=self._table.name,
            Item=encode(
                {
                    "PK": _ticket_pk(ticket),
                    "SK": META_SK,
                    "tenant": identity.tenant,
                    "user": identity.user,
                    "groups": list(identity.groups),
                    "expires_at": grant.expires_at,
                    "credential": grant.credential,
                    "ttl": int(self._now()) + TICKET_TTL_S,
                }
            ),
        )
        return ticket

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


def _ticket_pk(ticket: str) -> str:
    return f"TICKET#{hashlib.sha256(ticket.encode()).hexdigest()}"
