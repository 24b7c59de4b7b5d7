"""A Qdrant that is down, slow, of another dimension or full, by turns."""

from __future__ import annotations

import asyncio
import random
import threading
from types import TracebackType

from aiohttp import web

MODES = ("down", "slow", "dimension", "full")


class BadQdrant:
    """Answers every call badly. Use as a context manager; ``url`` is its address."""

    def __init__(self, seed: int = 0) -> None:
        self.url = ""
        self.struck: dict[str, int] = dict.fromkeys(MODES, 0)
        self._random = random.Random(seed)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> BadQdrant:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the bad Qdrant did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = "http://{}:{}".format(*runner.addresses[0][:2])
        self._ready.set()
        await self._stopped.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        mode = self._random.choice(MODES)
        self.struck[mode] += 1
        if mode == "down" and request.transport is not None:
            request.transport.abort()
        if mode == "slow":
            await asyncio.sleep(10)
        if mode == "dimension":
            return _failed(400, "Wrong input: Vector dimension error: expected dim: 768, got 384")
        return _failed(500, "Service internal error: No space left on device (os error 28)")


def _failed(status: int, message: str) -> web.Response:
    body = {"status": {"error": message}, "time": 0.0}
    return web.json_response(body, status=status)
