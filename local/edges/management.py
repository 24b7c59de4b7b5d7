"""The API Gateway management API: how functions post to, look at and close connections.

Errors carry the headers by which AWS clients tell them apart.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from aiohttp import WSCloseCode, web

from local.edges.connection import Backlogged, Connection
from local.faults import Faults
from local.services.aws_calls import manage_connections
from local.services.permissions import Permissions
from local.services.service_door import caller_of

logger = logging.getLogger(__name__)

MAX_POST_BYTES = 128 * 1024

_ERRORS = {
    403: "ForbiddenException",
    410: "GoneException",
    413: "PayloadTooLargeException",
    429: "LimitExceededException",
}


class ManagementApi:
    """Serves ``/{stage}/@connections/{id}``."""

    def __init__(
        self,
        connections: Mapping[str, Connection],
        faults: Faults,
        permissions: Permissions | None = None,
        api_id: str = "",
    ) -> None:
        self.posts = 0
        """How many messages functions have posted; each is billed in AWS."""
        self._connections = connections
        self._faults = faults
        self._permissions = permissions
        self._api_id = api_id

    def app(self) -> web.Application:
        """The application; it belongs on a port of its own, for functions alone."""
        app = web.Application(client_max_size=2 * MAX_POST_BYTES)
        path = "/{stage}/@connections/{id}"
        app.router.add_post(path, self._post)
        app.router.add_get(path, self._get)
        app.router.add_delete(path, self._delete)
        return app

    async def _post(self, request: web.Request) -> web.Response:
        frame = await request.read()
        refusal = self._faults.on_post(request.match_info["id"], frame)
        if refusal is not None:
            return _error(refusal.status)
        connection = self._find(request)
        if isinstance(connection, web.Response):
            return connection
        if len(frame) > MAX_POST_BYTES:
            return _error(413)
        try:
            connection.send(frame.decode())
        except UnicodeDecodeError:
            connection.send(frame)
        except Backlogged:
            return _error(429)
        self.posts += 1
        return web.Response()

    async def _get(self, request: web.Request) -> web.Response:
        connection = self._find(request)
        if isinstance(connection, web.Response):
            return connection
        peer = connection.peer
        return web.json_response(
            {
                "connectedAt": _timestamp(peer.connected_at_ms),
                "lastActiveAt": _timestamp(connection.last_active_ms),
                "identity": {"sourceIp": peer.source_ip, "userAgent": peer.user_agent},
            }
        )

    async def _delete(self, request: web.Request) -> web.Response:
        connection = self._find(request)
        if isinstance(connection, web.Response):
            return connection
        await connection.close(WSCloseCode.OK, "Connection Closed Normally")
        return web.Response(status=204)

    def _find(self, request: web.Request) -> Connection | web.Response:
        # A page cannot sign a request, so that no site in a browser can post here.
        authorization = request.headers.get("Authorization", "")
        if not authorization.startswith("AWS4-HMAC-SHA256 "):
            return _error(403)
        if self._permissions is not None:
            stage, connection_id = request.match_info["stage"], request.match_info["id"]
            call = manage_connections(self._api_id, stage, request.method, connection_id)
            if self._permissions.refusal(caller_of(authorization), [call]) is not None:
                return _error(403)
        return self._connections.get(request.match_info["id"]) or _error(410)


def _error(status: int) -> web.Response:
    kind = _ERRORS.get(status, "InternalServerException")
    return web.json_response({"message": kind}, status=status, headers={"x-amzn-ErrorType": kind})


def _timestamp(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"
