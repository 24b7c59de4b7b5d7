"""The Lambda Runtime API of one execution environment, as documented for custom runtimes.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. One port per environment: the
runtime client has no other way to say who it is. It starts no process and chooses no work.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

VERSION = "/2018-06-01/runtime"
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
"""Lambda's limit for synchronous requests and responses."""


class FunctionFailed(Exception):
    """An invocation that brought no result: the function raised, timed out or its process died."""

    def __init__(self, kind: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message
        self.trace = trace or []


@dataclass(slots=True)
class Invocation:
    """One event for a function, and the future of its result (the response as JSON bytes)."""

    payload: bytes
    result: asyncio.Future[bytes]
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def fail(self, error: FunctionFailed) -> None:
        """Settle it with ``error`` unless it is settled already."""
        if not self.result.done():
            self.result.set_exception(error)


class RuntimeApi:
    """Serves one runtime client.

    ``on_ready`` is called when the client asks for work, ``on_done`` when it has delivered a
    result, ``on_init_error`` when it could not load its handler.
    """

    def __init__(
        self,
        function_arn: str,
        timeout_s: float,
        *,
        on_ready: Callable[[], None],
        on_done: Callable[[], None],
        on_init_error: Callable[[FunctionFailed], None],
    ) -> None:
        self._function_arn = function_arn
        self._timeout_s = timeout_s
        self._on_ready = on_ready
        self._on_done = on_done
        self._on_init_error = on_init_error
        self._next: asyncio.Future[Invocation] | None = None
        self._current: Invocation | None = None
        self._runner: web.AppRunner | None = None

    @property
    def current(self) -> Invocation | None:
        """The invocation that the client works on."""
        return self._current

    async def open(self) -> str:
        """Start serving on a free loopback port; returns its ``host:port``."""
        app = web.Application(client_max_size=MAX_PAYLOAD_BYTES + 1024 * 1024)
        app.router.add_get(f"{VERSION}/invocation/next", self._serve_next)
        app.router.add_post(f"{VERSION}/invocation/{{id}}/response", self._serve_response)
        app.router.add_post(f"{VERSION}/invocation/{{id}}/error", self._serve_error)
        app.router.add_post(f"{VERSION}/init/error", self._serve_init_error)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"{host}:{port}"

    async def close(self) -> None:
        """Stop serving; a client that waits for work is cut off."""
        if self._next is not None:
            self._next.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    def give(self, invocation: Invocation) -> None:
        """Hand work to a client that asked for it."""
        assert self._next is not None
        assert self._current is None
        self._current = invocation
        self._next.set_result(invocation)
        self._next = None

    def take_back(self) -> Invocation | None:
        """The invocation that the client will not finish any more."""
        invocation, self._current = self._current, None
        return invocation

    async def _serve_next(self, request: web.Request) -> web.Response:
        self._next = asyncio.get_running_loop().create_future()
        waiting = self._next
        self._on_ready()
        invocation = await waiting
        return web.Response(
            body=invocation.payload,
            content_type="application/json",
            headers={
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + self._timeout_s) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": self._function_arn,
                "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}",
            },
        )

    async def _serve_response(self, request: web.Request) -> web.Response:
        body = await request.read()
        invocation = self._finish(request.match_info["id"])
        if invocation is None:
            return _refused("InvalidRequestID", "This invocation is not running here.")
        if len(body) > MAX_PAYLOAD_BYTES:
            invocation.fail(FunctionFailed("Function.ResponseSizeTooLarge", f"{len(body)} bytes"))
        elif not invocation.result.done():
            invocation.result.set_result(body)
        self._on_done()
        return web.json_response({"status": "OK"}, status=202)

    async def _serve_error(self, request: web.Request) -> web.Response:
        error = _failure(await request.read())
        invocation = self._finish(request.match_info["id"])
        if invocation is None:
            return _refused("InvalidRequestID", "This invocation is not running here.")
        invocation.fail(error)
        self._on_done()
        return web.json_response({"status": "OK"}, status=202)

    async def _serve_init_error(self, request: web.Request) -> web.Response:
        self._on_init_error(_failure(await request.read()))
        return web.json_response({"status": "OK"}, status=202)

    def _finish(self, request_id: str) -> Invocation | None:
        if self._current is None or self._current.request_id != request_id:
            return None
        return self.take_back()


def _failure(body: bytes) -> FunctionFailed:
    try:
        error: Any = json.loads(body)
    except ValueError:
        error = {}
    if not isinstance(error, dict):
        error = {}
    return FunctionFailed(
        str(error.get("errorType") or "Function.Unknown"),
        str(error.get("errorMessage") or ""),
        [str(line) for line in error.get("stackTrace") or []],
    )


def _refused(kind: str, message: str) -> web.Response:
    return web.json_response({"errorType": kind, "errorMessage": message}, status=400)
