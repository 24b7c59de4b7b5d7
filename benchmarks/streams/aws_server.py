"""DynamoDB and the management API of a WebSocket API, over HTTP, in memory.

DynamoDB's expressions are evaluated for real, by the dictionary that the protocol's model runs on
(``tests.fault.memory_dynamodb``, held to moto by its own test): a fence that does not hold refuses.
ministack answers about 300 writes a second, an eighth of what one worker with 200 streams writes.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import unquote

import msgspec
from botocore.exceptions import ClientError

from benchmarks.streams import stamps
from benchmarks.streams.http_server import Request, listening
from benchmarks.streams.neighbours import serve_commands
from copilot.answer_log.asking import Asking
from copilot.answer_log.question import NewQuestion
from copilot.identity import Identity
from copilot.table import Table
from tests.fault.memory_dynamodb import MemoryDynamoDb

TABLE = "answers"
_WORD = re.compile(r"(?<!^)(?=[A-Z])")
_BILLED_BYTES = 32 * 1024


class _Frame(msgspec.Struct):
    """What is read of a frame, ours or the plain design's."""

    type: str
    text: str = ""
    state: str = "done"


@dataclass
class Seen:
    """What was posted to one connection, in milliseconds of ``stamps.now``."""

    posts: int = 0
    units: int = 0
    tokens: list[tuple[float, float]] = field(default_factory=list)
    """When each token was sent by the model, and when it was posted."""
    ended_at: float | None = None
    state: str = ""
    _cut: str = ""

    def take(self, frame: bytes) -> None:
        """Note a frame that was posted now."""
        now = stamps.now()
        self.posts += 1
        self.units += -(-len(frame) // _BILLED_BYTES)
        event = msgspec.json.decode(frame, type=_Frame)
        if event.type in ("delta", "token"):
            # A token may be cut by the end of a frame: it has arrived when its rest has.
            text = self._cut + event.text
            head, blank, tail = text.rpartition(" ")
            whole, self._cut = (text, "") if len(tail) == _TOKEN_LETTERS else (head, blank + tail)
            self.tokens.extend((sent, now) for sent in stamps.read(whole))
        elif event.type == "end":
            self.ended_at, self.state = now, event.state


_TOKEN_LETTERS = len(stamps.token(0).strip())


class AwsServer:
    """Both services; ``delay_s`` is what DynamoDB and the management API take to answer."""

    def __init__(self, delay_s: float) -> None:
        self.memory = MemoryDynamoDb()
        self.seen: dict[str, Seen] = {}
        self.calls: dict[str, int] = {}
        self.asked_at = 0.0
        self._delay_s = delay_s

    def answer(self, request: Request) -> None:
        """Answer one request of either service."""
        if target := request.headers.get(b"x-amz-target"):
            status, body = self._dynamodb(target.decode().rpartition(".")[2], request.body)
        else:
            connection = unquote(request.target.rpartition("/")[2])
            self.seen.setdefault(connection, Seen()).take(request.body)
            self._count("PostToConnection")
            status, body = 200, b""
        if self._delay_s:
            loop = asyncio.get_running_loop()
            loop.call_later(self._delay_s, request.respond, status, body)
        else:
            request.respond(status, body)

    def _dynamodb(self, operation: str, body: bytes) -> tuple[int, bytes]:
        self._count(operation)
        call = getattr(self.memory, _WORD.sub("_", operation).lower())
        try:
            return 200, msgspec.json.encode(call(**msgspec.json.decode(body)))
        except ClientError as error:
            response: Any = error.response
            kind = f"com.amazonaws.dynamodb.v20120810#{response['Error']['Code']}"
            failure = {"__type": kind, "message": response["Error"]["Message"]}
            if "CancellationReasons" in response:
                failure["CancellationReasons"] = response["CancellationReasons"]
            return 400, msgspec.json.encode(failure)

    def _count(self, call: str) -> None:
        self.calls[call] = self.calls.get(call, 0) + 1

    def ask(self, questions: list[str]) -> list[str]:
        """Accept each question on a connection of its own; return the ids of the answers."""
        self.seen.clear()
        self.calls.clear()
        self.memory.items.clear()
        table = Table(self.memory, TABLE)  # type: ignore[arg-type]
        asking = Asking(table, time.time, questions_per_minute=100_000)
        ids = []
        for number, text in enumerate(questions):
            question = NewQuestion(
                identity=Identity(tenant="t", user=f"user{number}", groups=("public",)),
                connection_id=f"connection{number}",
                client_msg_id=f"message{number}",
                text=text,
                fresh=True,
            )
            ids.append(asking.ask(question).answer_id)
        self.asked_at = stamps.now()
        return ids

    def report(self) -> tuple[float, list[Seen], dict[str, int]]:
        """When it was asked, what every connection saw, and the calls of each kind."""
        return self.asked_at, list(self.seen.values()), dict(self.calls)


async def serve(pipe: Connection, delay_s: float) -> None:
    """Serve both on one port."""
    aws = AwsServer(delay_s)
    async with listening(aws.answer) as url:
        pipe.send(url)
        await serve_commands(pipe, {"ask": aws.ask, "report": aws.report})
