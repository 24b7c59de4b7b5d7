"""Flushes straight over HTTP do what flushes through botocore do: same rows, same refusals.

Both run against DynamoDB's own expressions, evaluated behind a real HTTP server.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from benchmarks.streams.aws_server import TABLE, AwsServer
from benchmarks.streams.http_server import Request, listening
from copilot.answer_log.answers import AnswerLog
from copilot.answer_log.header import Fenced
from copilot.conversations.history import Conversations
from copilot.table import Table, chunk_sk
from copilot.wire import Source
from inference.aws.direct_log import DirectLog
from inference.aws.dynamodb_http import DynamoDbHttp
from inference.aws.http_pool import HttpPool
from inference.aws.signing import Credentials
from inference.aws.threaded_log import ThreadedLog
from inference.clock import SystemClock

SOURCE = Source(id="1", title="T", snippet="s", score=1.0, document="d.md", chunk_id="c")


class Wire:
    """The server, and what may be done to its next answers."""

    def __init__(self) -> None:
        self.aws = AwsServer(0.0)
        self.failures: list[tuple[int, bytes] | None] = []
        self.requests = 0
        self.url = ""

    def answer(self, request: Request) -> None:
        """Answer, unless a failure is due: a status and a body, or (``None``) a hang-up."""
        self.requests += 1
        if not self.failures:
            self.aws.answer(request)
        elif (failure := self.failures.pop(0)) is None:
            request.transport.abort()
        else:
            request.respond(*failure)


@asynccontextmanager
async def serving(kind: str) -> AsyncIterator[tuple[Wire, ThreadedLog]]:
    wire = Wire()
    async with listening(wire.answer) as wire.url:
        with ThreadPoolExecutor(4) as threads:
            client = boto3.client(
                "dynamodb",
                endpoint_url=wire.url,
                region_name="eu-central-1",
                aws_access_key_id="AKIATEST",
                aws_secret_access_key="secret",
                config=Config(retries={"total_max_attempts": 4, "mode": "standard"}),
            )
            clock = SystemClock()
            table = Table(client, TABLE)
            log, said = AnswerLog(table, clock.time), Conversations(table, clock.time)
            if kind == "direct":
                pool = HttpPool(wire.url, limit=4)
                credentials = Credentials("AKIATEST", "secret")
                http = DynamoDbHttp(pool, "eu-central-1", lambda: credentials, clock)
                yield wire, DirectLog(log, said, threads, http)
                await pool.close()
            else:
                yield wire, ThreadedLog(log, said, threads)
            client.close()


both = pytest.mark.parametrize("kind", ["threaded", "direct"])


async def a_lease(wire: Wire, log: ThreadedLog) -> Any:
    [answer_id] = wire.aws.ask(["What is the fee?"])
    return await log.take(answer_id)


@both
async def test_what_was_flushed_is_stored_before_the_fence_lets_it_out(kind: str) -> None:
    async with serving(kind) as (wire, log):
        lease = await a_lease(wire, log)
        written: list[str] = []
        wire.aws.memory.written = lambda key, item: written.append(key[1])
        first = await log.flush(lease, 1, [SOURCE])
        second = await log.flush(lease, 2, "Größe 🌬️")
        beat = await log.heartbeat(lease)
        assert first == second == beat
        assert first.subscribers == frozenset({"connection0"})
        assert not first.cancelled
        assert written == [chunk_sk(1, 1), "HDR", chunk_sk(1, 2), "HDR", "HDR"]
        rows = wire.aws.memory.items
        stored = rows[f"ANS#{lease.answer_id}", chunk_sk(1, 2)]
        assert stored["body"] == {"S": "Größe 🌬️"}
        assert stored["kind"] == {"S": "delta"}
        assert rows[f"ANS#{lease.answer_id}", "HDR"]["last_seq"] == {"N": "2"}


@both
async def test_a_wish_to_stop_comes_back_with_the_fence(kind: str) -> None:
    async with serving(kind) as (wire, log):
        lease = await a_lease(wire, log)
        wire.aws.memory.items[f"ANS#{lease.answer_id}", "HDR"]["cancelled"] = {"BOOL": True}
        assert (await log.flush(lease, 1, "x")).cancelled


@both
async def test_a_worker_that_was_replaced_is_fenced(kind: str) -> None:
    async with serving(kind) as (wire, log):
        lease = await a_lease(wire, log)
        wire.aws.memory.items[f"ANS#{lease.answer_id}", "HDR"]["epoch"] = {"N": "2"}
        for work in (log.flush(lease, 1, "x"), log.heartbeat(lease)):
            with pytest.raises(Fenced):
                await work


THROTTLED = json.dumps(
    {"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "slow down"}
).encode()


@both
@pytest.mark.parametrize("failure", [(500, b""), (503, b"<html>"), (400, THROTTLED), None])
async def test_what_passes_is_tried_again(kind: str, failure: tuple[int, bytes] | None) -> None:
    async with serving(kind) as (wire, log):
        lease = await a_lease(wire, log)
        wire.failures = [failure, failure]
        await log.flush(lease, 1, "x")
        assert (f"ANS#{lease.answer_id}", chunk_sk(1, 1)) in wire.aws.memory.items


@both
async def test_what_stays_is_an_error_and_nothing_is_fenced(kind: str) -> None:
    async with serving(kind) as (wire, log):
        lease = await a_lease(wire, log)
        before = wire.requests
        wire.failures = [(500, b"")] * 4
        with pytest.raises(ClientError):
            await log.flush(lease, 1, "x")
        assert wire.requests == before + 4
        assert wire.aws.memory.items[f"ANS#{lease.answer_id}", "HDR"]["last_seq"] == {"N": "0"}


@both
async def test_a_refusal_is_not_tried_again(kind: str) -> None:
    async with serving(kind) as (wire, log):
        lease = await a_lease(wire, log)
        before = wire.requests
        denied = {"__type": "x#AccessDeniedException", "Message": "not yours"}
        wire.failures = [(400, json.dumps(denied).encode())]
        with pytest.raises(ClientError, match="not yours"):
            await log.heartbeat(lease)
        assert wire.requests == before + 1


async def test_a_damaged_answer_is_not_believed() -> None:
    async with serving("direct") as (wire, log):
        lease = await a_lease(wire, log)
        body = b'{"Attributes":{"subscribers":{"SS":["mallory"]}}}'
        damaged = b"x-amz-crc32: %d" % (zlib.crc32(body) ^ 1)
        held = [1]

        def once(request: Request) -> None:
            if held and request.headers[b"x-amz-target"].endswith(b"UpdateItem"):
                held.pop()
                request.respond(200, body, damaged)
            else:
                wire.aws.answer(request)

        async with listening(once) as url:
            pool = HttpPool(url, limit=4)
            credentials = Credentials("AKIATEST", "secret")
            http = DynamoDbHttp(pool, "eu-central-1", lambda: credentials, SystemClock())
            held_fence = await http.call("UpdateItem", log._log.fence_update(lease))
            assert held_fence["Attributes"]["subscribers"] == {"SS": ["connection0"]}
            await pool.close()


async def test_flushes_of_many_answers_run_side_by_side() -> None:
    async with serving("direct") as (wire, log):
        ids = wire.aws.ask([f"Question {n}?" for n in range(20)])
        leases = [await log.take(answer_id) for answer_id in ids]
        flushed = await asyncio.gather(*(log.flush(lease, 1, "x") for lease in leases))
        assert [f.subscribers for f in flushed] == [
            frozenset({f"connection{n}"}) for n in range(20)
        ]
