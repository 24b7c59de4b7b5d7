"""Connections that break, rest too long or fall silent, against a socket that misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from inference.aws import http_pool
from inference.aws.http_pool import IDLE_S, HttpFailed, HttpPool

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEAD = b"POST / HTTP/1.1\r\nHost: x"
Answer = Callable[[int, int, asyncio.StreamWriter], None]
"""Answers the n-th request of the m-th connection."""


@asynccontextmanager
async def endpoint(answer: Answer, requests: list[tuple[int, int]]) -> AsyncIterator[str]:
    connections = 0
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        mine, number = connections, 0
        writers.append(writer)
        while not reader.at_eof():
            try:
                await reader.readuntil(b"\r\n\r\nbody")
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            number += 1
            requests.append((mine, number))
            answer(mine, number, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/base/"
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)


async def post(pool: HttpPool) -> bytes:
    return (await pool.request(HEAD, b"body")).body


async def test_a_connection_that_was_closed_while_it_rested_costs_nothing_but_a_new_one() -> None:
    def answer(connection: int, number: int, writer: asyncio.StreamWriter) -> None:
        if connection == 1 and number == 2:
            writer.transport.abort()  # It had been decided to close before this request came.
        else:
            writer.write(OK)

    requests: list[tuple[int, int]] = []
    async with endpoint(answer, requests) as url:
        pool = HttpPool(url, limit=4)
        assert pool.path == "/base"
        assert [await post(pool) for _ in range(3)] == [b"ok"] * 3
        await pool.close()
    assert requests == [(1, 1), (1, 2), (2, 1), (2, 2)]


async def test_a_connection_that_rested_too_long_is_not_trusted() -> None:
    now = 1_000.0
    requests: list[tuple[int, int]] = []
    async with endpoint(lambda c, n, writer: writer.write(OK), requests) as url:
        pool = HttpPool(url, limit=4, now=lambda: now)
        await post(pool)
        now += IDLE_S + 1
        await post(pool)
        await pool.close()
    assert requests == [(1, 1), (2, 1)]


async def test_a_fresh_connection_that_breaks_off_is_a_failure() -> None:
    requests: list[tuple[int, int]] = []
    async with endpoint(lambda c, n, writer: writer.transport.abort(), requests) as url:
        pool = HttpPool(url, limit=4)
        with pytest.raises(HttpFailed):
            await post(pool)
    assert requests == [(1, 1)]


async def test_a_response_that_breaks_off_is_not_asked_for_again() -> None:
    def answer(connection: int, number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(OK[:-1])
        writer.close()

    requests: list[tuple[int, int]] = []
    async with endpoint(answer, requests) as url:
        pool = HttpPool(url, limit=4)
        with pytest.raises(HttpFailed):
            await post(pool)
    assert requests == [(1, 1)]


async def test_silence_ends_the_connection_and_not_the_next_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_pool, "READ_TIMEOUT_S", 0.05)

    def answer(connection: int, number: int, writer: asyncio.StreamWriter) -> None:
        if connection > 1:
            writer.write(OK)

    requests: list[tuple[int, int]] = []
    async with endpoint(answer, requests) as url:
        pool = HttpPool(url, limit=1)
        with pytest.raises(HttpFailed, match="no response"):
            await post(pool)
        assert await post(pool) == b"ok"
        await pool.close()


async def test_who_gives_up_waiting_leaves_no_response_to_the_next() -> None:
    late: list[asyncio.StreamWriter] = []
    asked = asyncio.Event()

    def answer(connection: int, number: int, writer: asyncio.StreamWriter) -> None:
        if connection == 1:
            late.append(writer)
            asked.set()
        else:
            writer.write(OK)

    requests: list[tuple[int, int]] = []
    async with endpoint(answer, requests) as url:
        pool = HttpPool(url, limit=1)
        waiting = asyncio.ensure_future(post(pool))
        await asked.wait()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        late[0].write(OK.replace(b"ok", b"no"))
        assert await post(pool) == b"ok"
        await pool.close()
