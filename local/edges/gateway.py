"""The WebSocket gateway: sockets become API Gateway's proxy events, and results become frames.

Real API Gateway closes a connection whose single frame exceeds 32 KB with 1009. The HTTP library
here joins fragments before it hands a message over, so that one large frame and a fragmented
message look alike: everything up to 128 KB reaches the function, which answers with a typed error.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from local.declared.blueprint import Route, WebSocketApi
from local.edges.authorization import Refused, authorize
from local.edges.connection import Backlogged, Connection
from local.edges.proxy_events import Pairs, Peer, ProxyEvents
from local.faults import Faults
from local.functions.pool import Functions
from local.functions.runtime_api import FunctionFailed

logger = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 128 * 1024
_ABNORMAL = 1006


@dataclass(frozen=True, slots=True)
class Limits:
    """API Gateway's own: idle for ten minutes, open for two hours."""

    idle_s: float = 600.0
    age_s: float = 7200.0


class Gateway:
    """Serves one WebSocket API."""

    def __init__(
        self, api: WebSocketApi, functions: Functions, faults: Faults, limits: Limits
    ) -> None:
        self.connections: dict[str, Connection] = {}
        self._api = api
        self._functions = functions
        self._faults = faults
        self._limits = limits
        self._events = ProxyEvents(api)
        self._tasks: set[asyncio.Task[None]] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one WebSocket from its handshake to its end."""
        if not web.WebSocketResponse().can_prepare(request):
            return web.json_response({"message": "Upgrade Required"}, status=426)
        peer = _peer(request)
        try:
            authorizer = await self._authorize(peer)
            protocols = await self._connect(peer, authorizer)
        except Refused as refused:
            return web.json_response({"message": refused.message}, status=refused.status)
        socket = web.WebSocketResponse(
            max_msg_size=MAX_MESSAGE_BYTES, compress=False, protocols=protocols
        )
        await socket.prepare(request)
        connection = Connection(peer, socket, request.transport, authorizer, self._faults)
        self.connections[connection.id] = connection
        keeper = asyncio.create_task(connection.keep(self._limits.idle_s, self._limits.age_s))
        try:
            await self._receive(connection, socket)
        finally:
            del self.connections[connection.id]
            self._later(self._disconnect(connection, socket.close_code))
            keeper.cancel()
            await connection.finish()
        return socket

    async def close(self) -> None:
        """Close every connection and wait until its ``$disconnect`` was served."""
        open_ones = list(self.connections.values())
        await asyncio.gather(*(c.close(WSCloseCode.GOING_AWAY, "Going away") for c in open_ones))
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def _authorize(self, peer: Peer) -> dict[str, Any] | None:
        if self._api.authorizer is None:
            return None
        return await authorize(
            self._api.authorizer, self._functions, self._events, peer, peer.connected_at_ms
        )

    async def _connect(self, peer: Peer, authorizer: dict[str, Any] | None) -> tuple[str, ...]:
        """Run the ``$connect`` route; returns the subprotocol that the function chose."""
        route = self._api.routes.get("$connect")
        if route is None:
            return ()
        event = self._events.connect(peer, peer.connected_at_ms, authorizer)
        try:
            answer = await self._functions.invoke(route.function, event)
        except FunctionFailed as error:
            logger.error("$connect failed: %s", error)
            raise Refused(502, "Internal server error") from error
        status = answer.get("statusCode") if isinstance(answer, dict) else None
        if not isinstance(status, int):
            raise Refused(502, "Internal server error")
        if not 200 <= status < 300:
            raise Refused(status, str(answer.get("body") or "Forbidden"))
        headers = {str(k).lower(): str(v) for k, v in (answer.get("headers") or {}).items()}
        chosen = headers.get("sec-websocket-protocol")
        return (chosen,) if chosen else ()

    async def _receive(self, connection: Connection, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            connection.touch()
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                # As in AWS, messages of one connection run side by side.
                self._later(self._serve(connection, message.data))

    async def _serve(self, connection: Connection, body: str | bytes) -> None:
        key = self._events.select(body)
        event = self._events.message(
            connection.peer, key, body, int(time.time() * 1000), connection.authorizer
        )
        route = self._api.routes.get(key)
        if route is None:
            self._say(connection, "Forbidden", event)
            return
        try:
            answer = await self._functions.invoke(route.function, event)
        except FunctionFailed as error:
            logger.error("%s failed: %s", key, error)
            self._say(connection, "Internal server error", event)
            return
        if route.replies:
            self._reply(connection, answer)

    def _reply(self, connection: Connection, answer: Any) -> None:
        body = answer.get("body") if isinstance(answer, dict) else None
        if isinstance(body, str) and body:
            self._send(connection, body)

    def _say(self, connection: Connection, message: str, event: dict[str, Any]) -> None:
        request_id = event["requestContext"]["requestId"]
        body = {"message": message, "connectionId": connection.id, "requestId": request_id}
        self._send(connection, json.dumps(body))

    def _send(self, connection: Connection, frame: str) -> None:
        try:
            connection.send(frame)
        except Backlogged:
            logger.warning("a reply to %s is lost: it does not read", connection.id)

    async def _disconnect(self, connection: Connection, code: int | None) -> None:
        route: Route | None = self._api.routes.get("$disconnect")
        if route is None:
            return
        event = self._events.disconnect(
            connection.peer,
            int(time.time() * 1000),
            code or _ABNORMAL,
            "" if code else "Connection closed abnormally",
            connection.authorizer,
        )
        try:
            await self._functions.invoke(route.function, event)
        except FunctionFailed as error:
            logger.error("$disconnect failed: %s", error)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _peer(request: web.Request) -> Peer:
    headers: Pairs = [(_title(name), value) for name, value in request.headers.items()]
    source_ip = request.remote or "127.0.0.1"
    return Peer(
        headers=[*headers, ("X-Forwarded-For", source_ip)],
        query=list(request.query.items()),
        source_ip=source_ip,
        host=request.host,
        user_agent=request.headers.get("User-Agent", ""),
        connected_at_ms=int(time.time() * 1000),
    )


def _title(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))
