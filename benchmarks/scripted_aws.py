"""What surrounds a function on AWS, on one loopback port: scripted, and fast enough not to matter.

DynamoDB (over a dictionary), SQS, the objects of S3, the WebSocket management API with the moment
of every post, and the Runtime API for functions that are started as Lambda starts them.
``latency_s`` is slept before every answer of DynamoDB, SQS and S3.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from tests.fault.memory_dynamodb import MemoryDynamoDb

RUNTIME = "/2018-06-01/runtime/"
REGION = "eu-central-1"
TABLE = "bench"
TRACE = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1"


class ScriptedAws:
    """The server. Use as a context manager."""

    def __init__(self, latency_s: float = 0.0) -> None:
        self.table = MemoryDynamoDb()
        self.sent: list[str] = []
        self.posts: list[tuple[float, bytes]] = []
        """When (``time.time()``) and what was posted to any connection."""
        self.objects: dict[str, bytes] = {}
        """What S3 holds, by ``bucket/key``."""
        self.calls = 0
        self._latency_s = latency_s
        self._events: SimpleQueue[bytes] = SimpleQueue()
        self._results: SimpleQueue[bytes] = SimpleQueue()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.aws = self
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.queue_url = f"http://{self.host}/000000000000/questions"
        self.websocket_endpoint = f"http://{self.host}/dev"

    @property
    def environment(self) -> dict[str, str]:
        """What a function is told of it."""
        return {
            "TABLE_NAME": TABLE,
            "QUEUE_URL": self.queue_url,
            "WEBSOCKET_ENDPOINT": self.websocket_endpoint,
            "AWS_ENDPOINT_URL": f"http://{self.host}",
            "AWS_LAMBDA_RUNTIME_API": self.host,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_EC2_METADATA_DISABLED": "true",
            "LOG_LEVEL": "ERROR",
        }

    def invoke(self, event: Mapping[str, Any]) -> None:
        """Give the function its next event."""
        self._events.put(json.dumps(event).encode())

    def result(self, timeout_s: float = 120.0) -> Any:
        """Wait for what it returns.

        Raises:
            queue.Empty: not in time.
            RuntimeError: it failed.
        """
        result = json.loads(self._results.get(timeout=timeout_s))
        if isinstance(result, dict) and "errorMessage" in result:
            raise RuntimeError(json.dumps(result)[:2000])
        return result

    def __enter__(self) -> ScriptedAws:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    # --- what its handler asks -------------------------------------------------------------------

    def next_event(self) -> bytes:
        return self._events.get()

    def settle(self, result: bytes) -> None:
        self._results.put(result)

    def call(self, target: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """One call of DynamoDB or SQS: status and body."""
        time.sleep(self._latency_s)
        service, _, operation = target.partition(".")
        with self._lock:
            self.calls += 1
            if service == "AmazonSQS":
                self.sent.append(request.get("MessageBody", ""))
                return 200, {"MessageId": str(len(self.sent))}
            method = re.sub("(?<!^)([A-Z])", r"_\1", operation).lower()
            try:
                return 200, getattr(self.table, method)(**request)
            except ClientError as error:
                name = f"com.amazonaws.dynamodb.v20120810#{error.response['Error']['Code']}"
                reasons = error.response.get("CancellationReasons", [])
                return 400, {"__type": name, "CancellationReasons": reasons}

    def read(self, path: str, asked: str | None) -> tuple[int, bytes, str]:
        """One object of S3, or the range of it that was ``asked`` for: status, content, tag."""
        time.sleep(self._latency_s)
        with self._lock:
            self.calls += 1
        content = self.objects.get(path)
        if content is None:
            return 404, b"<Error><Code>NoSuchKey</Code></Error>", ""
        tag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
        if asked is None:
            return 200, content, tag
        first, _, last = asked.removeprefix("bytes=").partition("-")
        return 206, content[int(first) : int(last) + 1], tag


class _Server(ThreadingHTTPServer):
    aws: ScriptedAws
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A function that is stopped hangs up; any other error is told as usual."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self) -> None:
        if not self.path.startswith(RUNTIME):
            path = unquote(self.path.partition("?")[0]).lstrip("/")
            status, content, tag = self.server.aws.read(path, self.headers["Range"])
            self._answer(status, content, {"ETag": tag})
            return
        event = self.server.aws.next_event()
        now_ms = int(time.time() * 1000)
        self._answer(
            200,
            event,
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Trace-Id": TRACE,
                "Lambda-Runtime-Aws-Request-Id": f"request-{now_ms}",
                "Lambda-Runtime-Deadline-Ms": str(now_ms + 300_000),
                "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:{REGION}:0:function:bench",
            },
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        aws = self.server.aws
        if self.path.startswith(RUNTIME):
            aws.settle(body)
            self._answer(202, b"{}")
        elif "/@connections/" in self.path or "/%40connections/" in self.path:
            aws.posts.append((time.time(), body))
            self._answer(200, b"")
        else:
            status, found = aws.call(self.headers["X-Amz-Target"], json.loads(body))
            self._answer(status, json.dumps(found).encode())

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {"Content-Type": "application/x-amz-json-1.0"}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        return
