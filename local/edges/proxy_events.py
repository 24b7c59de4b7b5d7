"""The events that API Gateway sends to a function for a WebSocket. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local.declared.blueprint import WebSocketApi
from local.declared.sam import ACCOUNT, REGION

Pairs = list[tuple[str, str]]
"""Headers or query parameters in their order, a name possibly more than once."""


def new_id() -> str:
    """A fresh id in the form of API Gateway's own (``Nf2kYdmLFiACFYQ=``)."""
    return base64.urlsafe_b64encode(secrets.token_bytes(11)).decode()


@dataclass(frozen=True, slots=True)
class Peer:
    """What is known of a client since its handshake."""

    headers: Pairs
    query: Pairs
    source_ip: str
    host: str
    user_agent: str
    connected_at_ms: int
    connection_id: str = field(default_factory=new_id)


class ProxyEvents:
    """Builds the events of one WebSocket API."""

    def __init__(self, api: WebSocketApi) -> None:
        self._api = api

    def connect(
        self, peer: Peer, now_ms: int, authorizer: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """The event of the ``$connect`` route."""
        context = self._context(peer, "$connect", "CONNECT", now_ms, authorizer)
        return {**_handshake(peer), "requestContext": context, "isBase64Encoded": False}

    def authorize(self, peer: Peer, now_ms: int) -> dict[str, Any]:
        """The event of a REQUEST authorizer at ``$connect``."""
        return {
            "type": "REQUEST",
            "methodArn": self.method_arn("$connect"),
            **_handshake(peer),
            "stageVariables": {},
            "requestContext": self._context(peer, "$connect", "CONNECT", now_ms, None),
        }

    def message(
        self,
        peer: Peer,
        route_key: str,
        body: str | bytes,
        now_ms: int,
        authorizer: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        """The event of a message; a binary one is carried in base64."""
        context = self._context(peer, route_key, "MESSAGE", now_ms, authorizer)
        context["messageId"] = new_id()
        if isinstance(body, bytes):
            encoded = base64.b64encode(body).decode()
            return {"requestContext": context, "body": encoded, "isBase64Encoded": True}
        return {"requestContext": context, "body": body, "isBase64Encoded": False}

    def disconnect(
        self,
        peer: Peer,
        now_ms: int,
        status: int,
        reason: str,
        authorizer: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        """The event of the ``$disconnect`` route; ``status`` is the close code."""
        context = self._context(peer, "$disconnect", "DISCONNECT", now_ms, authorizer)
        context["disconnectStatusCode"] = status
        context["disconnectReason"] = reason
        handshake = _handshake(peer)
        kept = {name: handshake[name] for name in ("headers", "multiValueHeaders")}
        return {**kept, "requestContext": context, "isBase64Encoded": False}

    def select(self, body: str | bytes) -> str:
        """The route of a message: its selection field where that names a route, or ``$default``."""
        if isinstance(body, bytes):
            return "$default"
        try:
            value: Any = json.loads(body)
            for name in self._api.selection.split("."):
                value = value[name]
        except (ValueError, LookupError, TypeError, RecursionError):
            return "$default"
        if not isinstance(value, str) or value.startswith("$") or value not in self._api.routes:
            return "$default"
        return value

    def method_arn(self, route_key: str) -> str:
        """What a policy of an authorizer names."""
        api = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{self._api.api_id}"
        return f"{api}/{self._api.stage}/{route_key}"

    def _context(
        self,
        peer: Peer,
        route_key: str,
        event_type: str,
        now_ms: int,
        authorizer: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        request_id = new_id()
        moment = datetime.fromtimestamp(now_ms / 1000, UTC)
        context: dict[str, Any] = {
            "routeKey": route_key,
            "eventType": event_type,
            "extendedRequestId": request_id,
            "requestTime": moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "messageDirection": "IN",
            "stage": self._api.stage,
            "connectedAt": peer.connected_at_ms,
            "requestTimeEpoch": now_ms,
            "identity": {"sourceIp": peer.source_ip, "userAgent": peer.user_agent},
            "requestId": request_id,
            "domainName": peer.host,
            "connectionId": peer.connection_id,
            "apiId": self._api.api_id,
        }
        if authorizer is not None:
            context["authorizer"] = dict(authorizer)
        return context


def _handshake(peer: Peer) -> dict[str, Any]:
    event: dict[str, Any] = {
        "headers": dict(peer.headers),
        "multiValueHeaders": _grouped(peer.headers),
    }
    if peer.query:
        event["queryStringParameters"] = dict(peer.query)
        event["multiValueQueryStringParameters"] = _grouped(peer.query)
    return event


def _grouped(pairs: Pairs) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped
