"""Entry of the authorizer: may this client open a socket, and as whom?

API Gateway runs it at ``$connect``. A browser sends cookies and its Origin with any handshake,
from any page: so the Origin is compared with an exact list, and with sign-in the person is proved
by a ticket that only the page can have got.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import time
from collections.abc import Mapping
from typing import Any

from copilot.access.tickets import CLIENT_ID, TicketRefused, Tickets
from copilot.aws_clients import aws_clients
from copilot.identity import ANYBODY
from copilot.table import Table
from copilot.telemetry.log import configure_logging
from websocket_handler.clients import client_config
from websocket_handler.settings import AuthorizerSettings

logger = logging.getLogger(__name__)


class Gate:
    """One process's worth of settings and tickets."""

    def __init__(self, settings: AuthorizerSettings) -> None:
        self._settings = settings
        dynamodb = aws_clients().client("dynamodb", config=client_config())
        self._tickets = Tickets(Table(dynamodb, settings.table_name), time.time)

    def admit(self, headers: Mapping[str, str], query: Mapping[str, str]) -> dict[str, Any]:
        """The context of a connection that may open: strings, as API Gateway carries them.

        Raises:
            PermissionError: it may not; the message is for the log, the client learns nothing.
        """
        allowed = self._settings.allowed_origins
        if allowed and headers.get("origin") not in allowed:
            raise PermissionError(f"origin {headers.get('origin')!r} is not allowed")
        if self._settings.auth_mode == "none":
            return {
                **_identity(ANYBODY.tenant, "", ANYBODY.groups),
                "anonymous": "true",
                "credential": CLIENT_ID,
            }
        try:
            grant = self._tickets.redeem(query.get("ticket", ""))
        except TicketRefused as error:
            raise PermissionError("no valid ticket") from error
        identity = grant.identity
        return {
            **_identity(identity.tenant, identity.user, identity.groups),
            "anonymous": "false",
            "expires_at": str(grant.expires_at),
            "credential": grant.credential,
        }


@functools.cache
def gate() -> Gate:
    settings = AuthorizerSettings.of(os.environ)
    configure_logging(settings.log_level)
    return Gate(settings)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a REQUEST authorizer event of ``$connect`` with an IAM policy."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    try:
        admitted = gate().admit(headers, event.get("queryStringParameters") or {})
    except PermissionError as error:
        logger.warning("handshake refused", extra={"reason": str(error)})
        return _policy("Deny", event["methodArn"], {})
    return _policy("Allow", event["methodArn"], admitted)


def _identity(tenant: str, user: str, groups: tuple[str, ...]) -> dict[str, str]:
    return {"tenant": tenant, "user": user, "groups": json.dumps(list(groups))}


def _policy(effect: str, arn: str, context: dict[str, Any]) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": arn}
    return {
        "principalId": context.get("user") or "anonymous",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }
