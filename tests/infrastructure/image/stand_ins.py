"""The AWS that invoked containers reach: a table, two queues and a recorder of pushed frames.

It listens on the Docker bridge, so that containers reach it and nothing beyond this machine does.
"""

from __future__ import annotations

import contextlib
import http.server
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError
from msgspec import Struct

from copilot.wire import AnyServerEvent, decode_event
from tests.infrastructure import translate

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient

START_S = 30
REGION = "us-east-1"


class Aws(Struct, frozen=True):
    """Clients and names of what was created."""

    table: DynamoDBClient
    queues: SQSClient
    table_name: str
    queue_url: str
    dead_letter_url: str


@contextlib.contextmanager
def aws(host: str, port: int) -> Iterator[Aws]:
    """DynamoDB and SQS at ``host:port``, with the table and the queues of the template."""
    with tempfile.TemporaryDirectory(prefix="stand-in-aws-") as state:
        log = Path(state) / "log"
        environment = {
            **os.environ,
            "BIND_HOST": host,
            "MINISTACK_HOST": host,
            "GATEWAY_PORT": str(port),
            "SERVICES": "dynamodb,sqs",
        }
        with log.open("w") as sink:
            process = subprocess.Popen(
                [sys.executable, "-m", "ministack"], env=environment, stdout=sink, stderr=sink
            )
        try:
            yield _create(f"http://{host}:{port}", process, log)
        finally:
            process.terminate()
            process.wait(10)


def _create(endpoint: str, process: subprocess.Popen[bytes], log: Path) -> Aws:
    session = boto3.Session("example", "example", region_name=REGION)
    table = session.client("dynamodb", endpoint_url=endpoint)
    queues = session.client("sqs", endpoint_url=endpoint)
    _await(table, process, log)
    resources = translate.translated()["Resources"]
    declared: dict[str, Any] = resources["Table"]["Properties"]
    table.create_table(
        TableName="Table",
        AttributeDefinitions=declared["AttributeDefinitions"],
        KeySchema=declared["KeySchema"],
        BillingMode=declared["BillingMode"],
    )
    return Aws(
        table,
        queues,
        "Table",
        queues.create_queue(QueueName="QuestionQueue")["QueueUrl"],
        queues.create_queue(QueueName="DeadLetterQueue")["QueueUrl"],
    )


def _await(table: DynamoDBClient, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            table.list_tables()
            return
        except (ClientError, HTTPClientError, EndpointConnectionError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(
                    f"The stand-in for AWS does not start:\n{log.read_text()}"
                ) from None
            time.sleep(0.2)


class Frames:
    """Frames posted to ``POST /@connections/{id}``, decoded, in order of arrival."""

    def __init__(self, host: str) -> None:
        self.posted: list[tuple[str, AnyServerEvent]] = []
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                connection_id = urllib.parse.unquote(self.path.rsplit("/", 1)[-1])
                body = self.rfile.read(int(self.headers["Content-Length"]))
                recorder.posted.append((connection_id, decode_event(body)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Keeps the output of the run readable."""

        self._server = http.server.ThreadingHTTPServer((host, 0), Handler)
        self.endpoint = f"http://{host}:{self._server.server_address[1]}"

    def __enter__(self) -> Frames:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self) -> list[tuple[str, AnyServerEvent]]:
        """What came since the last call."""
        taken, self.posted = self.posted, []
        return taken
