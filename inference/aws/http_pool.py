"""Requests to one endpoint over connections that stay open, on the event loop.

A tenth of the work of botocore's stack, of which a request to AWS needs none of the rest: no
redirects, no cookies, no proxies (``AWS_CLIENT=boto3`` knows proxies).
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit

from inference.aws.http1 import Malformed, Response, ResponseReader

CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 5.0
"""Looked after four times within it, for all requests at once: a timer for each costs a twentieth
of what the request does."""

IDLE_S = 20.0
"""A connection that rested longer is not trusted: a function that was frozen learns late that the
other side has hung up."""


class HttpFailed(Exception):
    """No response: the endpoint was not reached, was silent, or broke off."""


class HttpPool:
    """Connections to the scheme, host and port of ``url``; at most ``limit`` at one time.

    One instance serves one event loop. ``now`` is a wall clock, which goes on while the process
    is frozen.
    """

    def __init__(self, url: str, *, limit: int, now: Callable[[], float] = time.time) -> None:
        parts = urlsplit(url)
        if parts.hostname is None:
            raise ValueError(f"{url!r} is not the URL of an endpoint")
        self.path = parts.path.rstrip("/")
        self.host = parts.netloc
        self._address = parts.hostname
        self._tls = parts.scheme == "https"
        self._port = parts.port or (443 if self._tls else 80)
        self._context: ssl.SSLContext | None = None
        self._places = asyncio.Semaphore(limit)
        self._idle: deque[_Connection] = deque()
        self._busy: set[_Connection] = set()
        self._watched = False
        self._now = now

    async def request(self, head: bytes, body: bytes) -> Response:
        """Send ``head`` (request line and headers, no blank line) and ``body``.

        What has rested may have been closed by the other side meanwhile: then the request goes
        out once more, so it must be safe to repeat.

        Raises:
            HttpFailed: there is no response.
        """
        data = b"%s\r\nContent-Length: %d\r\n\r\n%s" % (head, len(body), body)
        async with self._places:
            while (connection := self._rested()) is not None:
                try:
                    return await self._exchange(connection, data)
                except _HungUp:
                    continue
            try:
                return await self._exchange(await self._connect(), data)
            except _HungUp as error:
                raise HttpFailed(str(error)) from error

    async def close(self) -> None:
        """Close what rests."""
        while self._idle:
            self._idle.pop().abort()
        # The loop tells a transport of its end one step later.
        await asyncio.sleep(0)

    def _rested(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and self._now() - connection.rested_at <= IDLE_S:
                return connection
            connection.abort()
        return None

    async def _exchange(self, connection: _Connection, data: bytes) -> Response:
        self._busy.add(connection)
        if not self._watched:
            self._watch()
        try:
            response = await connection.exchange(data)
        finally:
            self._busy.discard(connection)
        if response.keeps_alive and connection.is_open:
            connection.rested_at = self._now()
            self._idle.append(connection)
        else:
            connection.abort()
        return response

    def _watch(self) -> None:
        """End what is silent, now and for as long as anything is under way."""
        loop = asyncio.get_running_loop()
        for connection in tuple(self._busy):
            connection.end_if_silent(since=loop.time() - READ_TIMEOUT_S)
        self._watched = bool(self._busy)
        if self._watched:
            loop.call_later(READ_TIMEOUT_S / 4, self._watch)

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        if self._tls and self._context is None:
            self._context = await asyncio.to_thread(ssl.create_default_context)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                _, connection = await loop.create_connection(
                    _Connection, self._address, self._port, ssl=self._context
                )
        except (OSError, TimeoutError) as error:
            raise HttpFailed(f"{self.host} cannot be reached: {error!r}") from error
        return connection


class _HungUp(Exception):
    """The connection was closed before a byte of the response came."""


class _Connection(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self) -> None:
        self.rested_at = 0.0
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Response] | None = None
        self._reader = ResponseReader()
        self._heard = False
        self._asked_at = 0.0

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def exchange(self, data: bytes) -> Response:
        """Send a request and wait for its response.

        Raises:
            _HungUp: the connection closed before anything came.
            HttpFailed: it was silent or broke off, or said what is no response.
        """
        loop = asyncio.get_running_loop()
        self._reader, self._heard = ResponseReader(), False
        self._waiting, self._asked_at = loop.create_future(), loop.time()
        try:
            if self._transport is None or self._transport.is_closing():
                raise _HungUp("the connection was closed")
            self._transport.write(data)
            return await self._waiting
        except BaseException:
            # Whoever gave up waiting leaves a response behind that is nobody else's.
            self.abort()
            raise
        finally:
            self._waiting = None

    def abort(self) -> None:
        """Close it at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done():
            self.abort()  # Nothing was asked.
            return
        self._heard = True
        try:
            response = self._reader.feed(data)
        except Malformed as error:
            self._fail(HttpFailed(str(error)))
            return
        if response is not None:
            self._waiting.set_result(response)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        kind = HttpFailed if self._heard else _HungUp
        self._fail(kind(f"the connection broke off: {error!r}"))

    def end_if_silent(self, *, since: float) -> None:
        """Fail what was asked before ``since`` on the loop's clock."""
        if self._asked_at <= since:
            self._fail(HttpFailed(f"no response within {READ_TIMEOUT_S:.0f} s"))

    def _fail(self, error: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)
