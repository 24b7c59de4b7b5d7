"""Runs a REQUEST authorizer at ``$connect`` and reads its verdict, as API Gateway does."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Any

from local.declared.blueprint import Authorizer
from local.edges.proxy_events import Peer, ProxyEvents
from local.functions.pool import Functions
from local.functions.runtime_api import FunctionFailed


class Refused(Exception):
    """The handshake is refused with this HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


async def authorize(
    authorizer: Authorizer, functions: Functions, events: ProxyEvents, peer: Peer, now_ms: int
) -> dict[str, Any]:
    """The context that the authorizer attaches to the connection.

    Raises:
        Refused: 401 where an identity source is missing, 403 where it denies, 500 where it fails.
    """
    for source in authorizer.identity_sources:
        if not _brings(source, peer):
            raise Refused(401, "Unauthorized")
    try:
        answer = await functions.invoke(authorizer.function, events.authorize(peer, now_ms))
    except FunctionFailed as error:
        # An authorizer says 401 by raising exactly this word.
        if error.message == "Unauthorized":
            raise Refused(401, "Unauthorized") from error
        raise Refused(500, "Internal server error") from error
    if not isinstance(answer, dict):
        raise Refused(500, "Internal server error")
    if not allows(answer, events.method_arn("$connect")):
        raise Refused(403, "Forbidden")
    context = {name: _as_text(value) for name, value in (answer.get("context") or {}).items()}
    if "principalId" in answer:
        context["principalId"] = str(answer["principalId"])
    return context


def _brings(source: str, peer: Peer) -> bool:
    place, _, name = source.removeprefix("route.request.").partition(".")
    if place == "querystring":
        return any(key == name and value for key, value in peer.query)
    if place == "header":
        return any(key.lower() == name.lower() and value for key, value in peer.headers)
    return True


def allows(answer: Mapping[str, Any], arn: str) -> bool:
    """Whether an authorizer's answer (simple, or with a policy) allows invoking ``arn``."""
    if "isAuthorized" in answer:
        return answer["isAuthorized"] is True
    statements = (answer.get("policyDocument") or {}).get("Statement") or []
    effects = {s.get("Effect") for s in statements if _concerns(s, arn)}
    return "Allow" in effects and "Deny" not in effects


def _concerns(statement: Mapping[str, Any], arn: str) -> bool:
    actions, resources = _several(statement.get("Action")), _several(statement.get("Resource"))
    return any(
        fnmatch.fnmatchcase("execute-api:Invoke".lower(), str(action).lower()) for action in actions
    ) and any(fnmatch.fnmatchcase(arn, str(resource)) for resource in resources)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
