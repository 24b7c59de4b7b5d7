"""A small HTTP/1.1 server for the scripted neighbours: keep-alive, bodies with a length.

A web framework costs more per request than the worker that is measured; on a machine of two cores
the measure would be of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

Handler = Callable[["Request"], None]
"""Answers a request, now or later, through ``Request.respond`` or its transport."""


class Request:
    """One request. ``target`` is the path as sent; header names are lower case."""

    __slots__ = ("body", "headers", "target", "transport")

    def __init__(
        self, target: str, headers: dict[bytes, bytes], body: bytes, transport: asyncio.Transport
    ) -> None:
        self.target = target
        self.headers = headers
        self.body = body
        self.transport = transport

    def respond(self, status: int, body: bytes, *extra: bytes) -> None:
        """Send a response of JSON, or of nothing."""
        head = [
            b"HTTP/1.1 %d X" % status,
            b"Content-Type: application/x-amz-json-1.0",
            b"Content-Length: %d" % len(body),
            *extra,
        ]
        self.transport.write(b"\r\n".join(head) + b"\r\n\r\n" + body)


class _Connection(asyncio.Protocol):
    def __init__(self, handle: Handler, open_ones: set[asyncio.Transport]) -> None:
        self._handle = handle
        self._open = open_ones
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open.add(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._transport is not None:
            self._open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            first, *lines = self._received[:end].split(b"\r\n")
            pairs = (line.split(b":", 1) for line in lines)
            headers = {name.strip().lower(): value.strip() for name, value in pairs}
            until = end + 4 + int(headers.get(b"content-length", b"0"))
            if len(self._received) < until:
                return
            body, self._received = self._received[end + 4 : until], self._received[until:]
            assert self._transport is not None
            target = first.split(b" ")[1].decode()
            self._handle(Request(target, headers, body, self._transport))


@asynccontextmanager
async def listening(handle: Handler) -> AsyncIterator[str]:
    """Serve on a free port of the loopback; gives the URL. Ends with every connection."""
    open_ones: set[asyncio.Transport] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Connection(handle, open_ones), "127.0.0.1", 0, backlog=1024
    )
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for transport in list(open_ones):
            transport.abort()
        await asyncio.sleep(0)
