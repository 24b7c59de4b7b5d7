"""An OpenAI-compatible server that streams at a steady rate to as many as ask.

Every token leaves in a write and an HTTP chunk of its own, in the shape OpenAI sends it.
"""

from __future__ import annotations

import asyncio
import json
from multiprocessing.connection import Connection

from benchmarks.streams import stamps
from benchmarks.streams.http_server import Request, listening
from benchmarks.streams.neighbours import serve_commands

_HEAD = {
    "id": "chatcmpl-ByfUjkQF5mJGUhtQ3lSpsdkRtXAVj",
    "object": "chat.completion.chunk",
    "created": 1_793_000_000,
    "model": "gpt-4o-mini-2024-07-18",
    "service_tier": "default",
    "system_fingerprint": "fp_62a23a81ef",
}


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return b"data: " + json.dumps({**_HEAD, "choices": [choice]}).encode() + b"\n\n"


def _http_chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


_MARK = "\0"
_BEFORE, _AFTER = _event({"content": _MARK}).split(json.dumps(_MARK)[1:-1].encode())
_USAGE = {"prompt_tokens": 900, "completion_tokens": 500, "total_tokens": 1400}
_TAIL = b"".join(
    (
        _event({}, "stop"),
        b"data: " + json.dumps({**_HEAD, "choices": [], "usage": _USAGE}).encode() + b"\n\n",
        b"data: [DONE]\n\n",
    )
)


class _Stream:
    """One answer: a token whenever one is due, by the clock, so that delays do not add up."""

    def __init__(self, transport: asyncio.Transport, tokens: int, interval_s: float) -> None:
        self._transport = transport
        self._left = tokens
        self._interval_s = interval_s
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time()
        transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        self.speak()

    def speak(self) -> None:
        if self._transport.is_closing():
            return
        if not self._left:
            self._transport.write(_http_chunk(_TAIL) + b"0\r\n\r\n")
            return
        self._left -= 1
        token = stamps.token(stamps.now()).encode()
        self._transport.write(_http_chunk(_BEFORE + token + _AFTER))
        self._due += self._interval_s
        self._loop.call_at(self._due, self.speak)


async def serve(pipe: Connection, tokens: int, rate: float, first_delay_s: float) -> None:
    """Serve streams of ``tokens`` at ``rate`` a second, the first after ``first_delay_s``."""
    loop = asyncio.get_running_loop()

    def answer(request: Request) -> None:
        loop.call_later(first_delay_s, _Stream, request.transport, tokens, 1 / rate)

    async with listening(answer) as url:
        pipe.send(f"{url}/v1")
        await serve_commands(pipe, {})
