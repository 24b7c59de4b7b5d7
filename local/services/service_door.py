"""The door to the emulated services, which functions see as the endpoint of AWS.

It refuses what a role does not allow, passes calls on, rings when a queue got a message, and lets
faults strike.

The emulator looks at a long poll only ten times a second; with the bell a question reaches its
worker at once.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable

import aiohttp
from aiohttp import web

from local.faults import Faults
from local.services.aws_calls import calls
from local.services.permissions import Permissions

MAX_BODY_BYTES = 32 * 1024 * 1024
_HOP_BY_HOP = frozenset({"host", "connection", "transfer-encoding", "content-length", "keep-alive"})
_SCOPE = re.compile(r"Credential=([^/]+)/\d+/[^/]+/([a-z0-9-]+)/aws4_request")
ACCESS_DENIED = {
    "sqs": (403, "AccessDenied"),
    "s3": (403, "AccessDenied"),
    "": (400, "AccessDeniedException"),
}
"""Status and code of a refusal, by service."""
_SENDS = frozenset({"SendMessage", "SendMessageBatch", "ChangeMessageVisibility"})


class ServiceDoor:
    """Forwards every request to ``target``.

    ``on_message`` is called after a queue was given something; readers then look at their queues.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        target: str,
        faults: Faults,
        on_message: Callable[[], None],
        permissions: Permissions | None = None,
    ) -> None:
        self._session = session
        self._target = target
        self._faults = faults
        self._on_message = on_message
        self._permissions = permissions

    def app(self) -> web.Application:
        """The application, to be served on loopback."""
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_route("*", "/{path:.*}", self._forward)
        return app

    async def _forward(self, request: web.Request) -> web.Response:
        caller, service, operation = _called(request)
        body = await request.read()
        if self._permissions is not None:
            asked = calls(service, operation, request.method, request.path_qs, body)
            refusal = self._permissions.refusal(caller, asked)
            if refusal is not None:
                return _denied(*ACCESS_DENIED.get(service, ACCESS_DENIED[""]), refusal)
        late_ms = 0.0
        for rule in self._faults.on_call(service, operation, body):
            if rule.kind == "slow":
                await asyncio.sleep(rule.ms / 1000)
            elif rule.kind == "late":
                late_ms += rule.ms
            else:
                return _denied(rule.status, rule.code)
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP}
        headers["Host"] = request.host
        try:
            async with self._session.request(
                request.method, self._target + request.path_qs, data=body, headers=headers
            ) as answer:
                content = await answer.read()
        except aiohttp.ClientError:
            return _denied(503, "ServiceUnavailable")
        if service == "sqs" and operation in _SENDS and answer.status == 200:
            self._on_message()
        await asyncio.sleep(late_ms / 1000)
        kept = {
            k: v
            for k, v in answer.headers.items()
            if k.lower() not in _HOP_BY_HOP and k.lower() != "content-encoding"
        }
        return web.Response(status=answer.status, body=content, headers=kept)


def caller_of(authorization: str) -> str:
    """Whose credentials signed a request, by its ``Authorization``: the name of a function."""
    match = _SCOPE.search(authorization)
    return match.group(1) if match else ""


def _called(request: web.Request) -> tuple[str, str, str]:
    """Who calls, the service (``sqs``) and the operation (``SendMessage``)."""
    match = _SCOPE.search(request.headers.get("Authorization", ""))
    target = request.headers.get("X-Amz-Target", "")
    caller, service = match.groups() if match else ("", "")
    return caller, service, target.rsplit(".", 1)[-1]


def _denied(status: int, code: str, message: str = "refused on purpose") -> web.Response:
    body = json.dumps({"__type": code, "message": message}).encode()
    return web.Response(
        status=status,
        body=body,
        headers={"Content-Type": "application/x-amz-json-1.0", "x-amzn-ErrorType": code},
    )
