"""Tickets for handshakes, and the end of everything that somebody has open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from copilot.access.connections import Connections
from copilot.access.tickets import TICKET_TTL_S, Grant, Tickets
from copilot.identity import Identity
from copilot.table import Table
from http_api.models.sign_in import ClosedConnections, Ticket

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi.client import ApiGatewayManagementApiClient


class TableSignInDesk:
    """``services.SignInDesk``. ``management`` makes the client that closes sockets, when needed."""

    def __init__(
        self,
        table: Table,
        now: Callable[[], float],
        management: Callable[[], ApiGatewayManagementApiClient],
    ) -> None:
        self._now = now
        self._tickets = Tickets(table, now)
        self._connections = Connections(table, now)
        self._management = management

    def ticket(self, grant: Grant) -> Ticket:
        return Ticket(
            ticket=self._tickets.issue(grant),
            expires_in_s=TICKET_TTL_S,
            sign_in_lasts_s=max(0, grant.expires_at - int(self._now())),
        )

    def log_out(self, who: Identity) -> ClosedConnections:
        """Close every socket of ``who``. Tickets for more of them go first, and a socket's row
        before the socket: from then on it is nobody's."""
        self._tickets.revoke(who)
        open_ones = self._connections.of(who)
        for connection_id in open_ones:
            self._connections.close(connection_id)
            self._hang_up(connection_id)
        return ClosedConnections(closed_connections=len(open_ones))

    def _hang_up(self, connection_id: str) -> None:
        try:
            self._management().delete_connection(ConnectionId=connection_id)
        except ClientError as error:
            if error.response["Error"]["Code"] != "GoneException":
                raise
