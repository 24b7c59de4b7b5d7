"""An OpenAI-compatible server that plays a script, so that adapters meet real bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


class Cut:
    """In a script: drop the connection."""


Reply = Sequence[bytes | float | Cut] | tuple[int, dict[str, str], Any]
"""The pieces of a stream (bytes as they are, seconds of silence, a cut), or status/headers/body."""


def event(payload: Any) -> bytes:
    return f"data: {json.dumps(payload)}\n\n".encode()


def chunk(text: str | None = None, *, finish: str | None = None) -> bytes:
    delta = {} if text is None else {"role": "assistant", "content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return event({**_HEAD, "choices": [choice]})


def usage(prompt: int, completion: int) -> bytes:
    total = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    return event({**_HEAD, "choices": [], "usage": total})


DONE = b"data: [DONE]\n\n"
_HEAD = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}


def spoken(*texts: str) -> list[bytes | float | Cut]:
    """A whole, proper stream."""
    return [*(chunk(text) for text in texts), chunk(finish="stop"), usage(12, 3), DONE]


def failure(status: int, message: str, *, code: str = "", **headers: str) -> Reply:
    body = {"error": {"message": message, "type": "error", "code": code or None}}
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, body


class ScriptedOpenAI:
    """Plays ``reply`` to every request and remembers the requests."""

    def __init__(self) -> None:
        self.reply: Reply = []
        self.completion = "a completion"
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.base_url = ""
        self.disconnected = asyncio.Event()
        self.replied = asyncio.Event()
        """Set when a stream has been sent to its end."""

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        self.keys.append(request.headers.get("authorization", ""))
        if isinstance(self.reply, tuple):
            status, headers, payload = self.reply
            return web.json_response(payload, status=status, headers=headers)
        if not body.get("stream"):
            message = {"role": "assistant", "content": self.completion}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return web.json_response({**_HEAD, "object": "chat.completion", "choices": [choice]})
        return await self._stream(request, self.reply)

    async def _stream(self, request: web.Request, pieces: Sequence[Any]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        try:
            for piece in pieces:
                if isinstance(piece, Cut):
                    assert request.transport is not None
                    request.transport.abort()
                    return response
                if isinstance(piece, float):
                    await asyncio.sleep(piece)
                else:
                    await response.write(piece)
        except (ConnectionError, asyncio.CancelledError):
            self.disconnected.set()
            raise
        await response.write_eof()
        self.replied.set()
        return response


@asynccontextmanager
async def scripted_openai() -> AsyncIterator[ScriptedOpenAI]:
    """A running server on a free port."""
    server = ScriptedOpenAI()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", server._answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.base_url = f"http://{host}:{port}/v1"
    try:
        yield server
    finally:
        await runner.cleanup()
