"""A scripted server that speaks the OpenAI chat-completions API: real bytes, chosen by the test.

``ScriptedModel`` runs in a thread of its own, so that synchronous and asynchronous tests and other
processes can all reach it. Each request takes the next script; the last one stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from aiohttp import ClientConnectionResetError, web


@dataclass(frozen=True, kw_only=True)
class Script:
    """How one request is answered.

    ``tokens`` are streamed ``delay_s`` apart after ``first_delay_s``. ``status`` other than 200
    refuses the request, with ``retry_after`` where given. ``break_after`` tokens the connection
    is cut; ``stall_after`` tokens it goes silent for ``stall_s``; without ``finish`` the stream
    ends with no finish reason; ``fail_after`` tokens the stream brings an error event.
    """

    tokens: Sequence[str] = ("Hello", " there", " [1].")
    delay_s: float = 0.0
    first_delay_s: float = 0.0
    status: int = 200
    retry_after: str | None = None
    break_after: int | None = None
    stall_after: int | None = None
    stall_s: float = 3600.0
    finish: str | None = "stop"
    fail_after: int | None = None


@dataclass
class Served:
    """One request as it was received, when, and when its tokens left (``time.time()``)."""

    body: dict[str, Any]
    authorization: str
    received_at: float = field(default_factory=time.time)
    token_times: list[float] = field(default_factory=list)
    finished: bool = False


class ScriptedModel:
    """The server. Use as a context manager; ``base_url`` ends in ``/v1``."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = list(scripts) or [Script()]
        self._marked: dict[str, list[Script]] = {}
        self._lock = threading.Lock()
        self.served: list[Served] = []
        self.base_url = ""
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def script(self, *scripts: Script) -> None:
        """Replace the scripts that follow."""
        with self._lock:
            self._scripts = list(scripts)

    def script_for(self, marker: str, *scripts: Script) -> None:
        """Scripts for the requests that hold ``marker``; the last one stays."""
        with self._lock:
            self._marked[marker] = list(scripts)

    def served_for(self, marker: str) -> list[Served]:
        """The requests that held ``marker``."""
        return [served for served in self.served if marker in json.dumps(served.body)]

    def __enter__(self) -> ScriptedModel:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the scripted model server did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.run_until_complete(_cancel(asyncio.all_tasks(self._loop)))  # Stalled answers.
        self._loop.close()

    async def _serve(self) -> None:
        self._stopped = asyncio.Event()
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}/v1"
        self._ready.set()
        await self._stopped.wait()
        await runner.cleanup()

    def _next(self, body: dict[str, Any]) -> Script:
        text = json.dumps(body)
        with self._lock:
            marked = (scripts for marker, scripts in self._marked.items() if marker in text)
            scripts = next(marked, self._scripts)
            return scripts.pop(0) if len(scripts) > 1 else scripts[0]

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        served = Served(
            body=await request.json(), authorization=request.headers.get("Authorization", "")
        )
        self.served.append(served)
        script = self._next(served.body)
        if script.status != 200:
            return self._refuse(script)
        if not served.body.get("stream"):
            served.finished = True
            return web.json_response(self._whole(served.body, script))
        return await self._stream(request, served, script)

    def _refuse(self, script: Script) -> web.Response:
        headers = {"Retry-After": script.retry_after} if script.retry_after else {}
        error = {"message": f"scripted {script.status}", "type": "scripted", "code": None}
        return web.json_response({"error": error}, status=script.status, headers=headers)

    async def _stream(
        self, request: web.Request, served: Served, script: Script
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        with contextlib.suppress(ClientConnectionResetError):  # A stopped answer hangs up.
            await response.prepare(request)
            await self._speak(request, response, served, script)
        return response

    async def _speak(
        self, request: web.Request, response: web.StreamResponse, served: Served, script: Script
    ) -> None:
        await asyncio.sleep(script.first_delay_s)
        began = time.monotonic()
        for number, token in enumerate(script.tokens):
            if number == script.break_after:
                transport = request.transport
                if transport is not None:
                    transport.abort()
                return
            if number == script.fail_after:
                error = {"message": "scripted 500", "type": "server_error", "code": None}
                await response.write(_sse({"error": error}))
                return
            if number == script.stall_after:
                await asyncio.sleep(script.stall_s)
                began = time.monotonic() - number * script.delay_s
            if number and script.delay_s:
                # By the clock, so that delays do not add up to a slower model than was asked for.
                due = began + number * script.delay_s
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            served.token_times.append(time.time())
            await response.write(_sse(_chunk(served.body, {"content": token}, None)))
        if script.finish is not None:
            await response.write(_sse(_chunk(served.body, {}, script.finish)))
            if (served.body.get("stream_options") or {}).get("include_usage"):
                await response.write(_sse(_usage_chunk(served.body, script)))
            await response.write(b"data: [DONE]\n\n")
        served.finished = True

    def _whole(self, body: dict[str, Any], script: Script) -> dict[str, Any]:
        return {
            "id": "chatcmpl-scripted",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": body.get("model", "scripted"),
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "".join(script.tokens)},
                    "finish_reason": script.finish,
                }
            ],
            "usage": _usage(script),
        }


async def _cancel(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _usage(script: Script) -> dict[str, int]:
    completion = len(script.tokens)
    return {
        "prompt_tokens": 100,
        "completion_tokens": completion,
        "total_tokens": 100 + completion,
    }


def _chunk(body: dict[str, Any], delta: dict[str, str], finish: str | None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": body.get("model", "scripted"),
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def _usage_chunk(body: dict[str, Any], script: Script) -> dict[str, Any]:
    return {**_chunk(body, {}, None), "choices": [], "usage": _usage(script)}


def _sse(payload: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(payload).encode() + b"\n\n"
