"""One open WebSocket: frames go out in order, idle and old ones are closed. It knows no routes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from aiohttp import WSCloseCode, web
from aiohttp.client_exceptions import ClientConnectionResetError

from local.edges.proxy_events import Peer
from local.faults import Faults

MAX_BACKLOG_BYTES = 4 * 1024 * 1024
"""What may wait for a slow reader before posts to it are refused with 429."""

DRAIN_S = 1.0
"""How long a close waits for what is queued."""


class Backlogged(Exception):
    """The client does not read what was sent to it."""


class Connection:
    """A connected client with its queue of outgoing frames."""

    def __init__(
        self,
        peer: Peer,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        authorizer: Mapping[str, Any] | None,
        faults: Faults,
    ) -> None:
        self.peer = peer
        self.authorizer = authorizer
        self.last_active_ms = peer.connected_at_ms
        self._socket = socket
        self._transport = transport
        self._faults = faults
        self._frames: deque[str | bytes] = deque()
        self._held: deque[str | bytes] = deque()
        self._backlog = 0
        self._more = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._writer = asyncio.create_task(self._write())

    @property
    def id(self) -> str:
        return self.peer.connection_id

    def touch(self) -> None:
        """Note that a frame has passed, in either direction."""
        self.last_active_ms = int(time.time() * 1000)

    def send(self, frame: str | bytes) -> None:
        """Queue one frame; returns at once, as the management API does.

        Raises:
            Backlogged: too much is waiting already.
        """
        if self._backlog > MAX_BACKLOG_BYTES:
            raise Backlogged
        self._backlog += len(frame)
        self._frames.append(frame)
        self._drained.clear()
        self._more.set()

    async def close(self, code: int, reason: str) -> None:
        """Send what is queued, then close."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._drained.wait(), DRAIN_S)
        await self._socket.close(code=code, message=reason.encode())

    def reset(self) -> None:
        """Abort the TCP connection: the client gets no close frame and loses what is in flight."""
        if self._transport is not None:
            self._transport.abort()

    async def keep(self, idle_s: float, age_s: float) -> None:
        """Close the connection when it has been idle or open for too long; API Gateway's rules."""
        opened = time.monotonic()
        while True:
            idle = time.time() - self.last_active_ms / 1000
            left = min(idle_s - idle, opened + age_s - time.monotonic())
            if left <= 0:
                break
            await asyncio.sleep(min(left, 60.0))
        await self.close(WSCloseCode.GOING_AWAY, "Going away")

    async def finish(self) -> None:
        """Stop writing; called once the socket is closed."""
        self._writer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._writer

    async def _write(self) -> None:
        with contextlib.suppress(ClientConnectionResetError, ConnectionError):
            while True:
                await self._more.wait()
                self._more.clear()
                while self._frames:
                    frame = self._frames[0]
                    await self._deliver(frame)
                    self._frames.popleft()
                    self._backlog -= len(frame)
                self._drained.set()

    async def _deliver(self, frame: str | bytes) -> None:
        copies = 1
        for rule in self._faults.on_push(self.id, frame):
            match rule.kind:
                case "drop":
                    copies = 0
                case "duplicate":
                    copies = 2
                case "delay":
                    await asyncio.sleep(rule.ms / 1000)
                case "hold":
                    self._held.append(frame)
                    return
                case _:
                    self.reset()
                    return
        for _ in range(copies):
            await self._send(frame)
        while self._held:
            await self._send(self._held.popleft())

    async def _send(self, frame: str | bytes) -> None:
        self.touch()
        if isinstance(frame, bytes):
            await self._socket.send_bytes(frame)
        else:
            await self._socket.send_str(frame)
