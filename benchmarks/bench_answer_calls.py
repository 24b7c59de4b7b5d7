"""What AWS bills for one answer: every call of the real handlers, counted in billable units.

The authorizer, the WebSocket function and the inference function run in this process, AWS is moto,
the model is a scripted server; answers are streamed at 20, 80 and 300 tokens a second. Counted are
DynamoDB request units (from the sizes of the items), SQS requests, posts in units of 32 KB, bytes
of log lines and bytes that stay in the table.

``make bench-answer-calls``; writes benchmarks/results/answer_calls.json, which `make cost` reads.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import boto3
from moto import mock_aws

from benchmarks.cost.billable_calls import Meter
from tests.conftest import REGION, create_table
from tests.e2e.openai_server import Script, ScriptedModel
from tests.integration.management_api import ManagementApi

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "answer_calls.json"
QUESTION = "What is the contract price under the Harrow Ridge power purchase agreement?"
ARN = "arn:aws:execute-api:us-east-1:123456789012:abc/dev/$connect"
STREAMS = ((100, 20.0), (100, 80.0), (500, 80.0), (500, 300.0))
"""Tokens of the answer, tokens a second."""


class Context:
    """Lambda's context, as much as is used of it."""

    def get_remaining_time_in_millis(self) -> int:
        return 120_000


class Bench:
    """The three functions of the main path behind one connection, and the meter beside them."""

    def __init__(self, meter: Meter, queue_url: str, posted: list[tuple[str, bytes]]) -> None:
        # Imported here: the functions read the environment that `main` has set.
        from inference import app as inference
        from websocket_handler import app as websocket
        from websocket_handler import authorizer

        self._inference, self._websocket, self._authorizer = inference, websocket, authorizer
        self._meter = meter
        self._posted = posted
        self._queue_url = queue_url
        self._sqs = boto3.client("sqs")
        self._asked = 0
        self._log = io.StringIO()
        for configured in (websocket.app, authorizer.gate, inference.process):
            configured()
        [handler] = logging.getLogger().handlers
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(self._log)
        logging.getLogger("aiohttp.access").setLevel(logging.WARNING)  # The scripted model's own.

    def connect(self) -> dict[str, Any]:
        """Handshake, hello and disconnection: what a visit costs besides its answers."""
        verdict = self._authorizer.handler({"headers": {}, "methodArn": ARN}, None)
        event = self._event("CONNECT", "$connect", headers={})
        event["requestContext"]["authorizer"] = verdict["context"]
        assert self._websocket.handler(event, None)["statusCode"] == 200
        self._send({"action": "hello", "client_id": "ann"})
        return self._taken(incoming=1, replies=1)

    def disconnect(self) -> dict[str, Any]:
        """The end of a visit."""
        self._websocket.handler(self._event("DISCONNECT", "$disconnect"), None)
        return self._taken()

    def ping(self) -> dict[str, Any]:
        """The client's heartbeat, every five minutes."""
        self._send({"action": "ping", "t": 1})
        return self._taken(incoming=1, replies=1)

    def ask(self) -> dict[str, Any]:
        """A question as it is accepted and put on the queue."""
        self._asked += 1
        frame = {"action": "message", "client_msg_id": f"m{self._asked}", "text": QUESTION}
        accepted = self._send({**frame, "fresh": True})
        assert accepted["type"] == "accepted", accepted
        return self._taken(incoming=1, replies=1)

    def answer(self) -> dict[str, Any]:
        """The queue's message through the inference function: streamed, stored, pushed."""
        received = self._sqs.receive_message(QueueUrl=self._queue_url, AttributeNames=["All"])
        [message] = received["Messages"]
        self._meter.take()  # The event source mapping's receive and delete are added by the model.
        before = len(self._posted)
        record = {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
        }
        result = self._inference.handler({"Records": [record]}, Context())
        assert not result["batchItemFailures"], result
        frames = [json.loads(data) for _, data in self._posted[before:]]
        assert frames[-1]["type"] == "end", frames[-1]
        assert frames[-1]["state"] == "done", frames[-1]
        taken = self._taken()
        self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
        self._meter.take()
        return {
            **taken,
            "deltas": sum(frame["type"] == "delta" for frame in frames),
            "text_bytes": sum(
                len(frame["text"].encode()) for frame in frames if frame["type"] == "delta"
            ),
        }

    def _send(self, frame: dict[str, Any]) -> Any:
        event = self._event("MESSAGE", "$default", body=json.dumps(frame))
        return json.loads(self._websocket.handler(event, None)["body"])

    def _event(self, kind: str, route: str, **rest: Any) -> dict[str, Any]:
        request = {
            "eventType": kind,
            "routeKey": route,
            "connectionId": "c1",
            "requestId": "req",
            "messageId": "m=",
            "connectedAt": 1_800_000_000_000,
        }
        return {"requestContext": request, "isBase64Encoded": False, **rest}

    def _taken(self, *, incoming: int = 0, replies: int = 0) -> dict[str, Any]:
        """Units since the last call; frames that API Gateway carries itself are added."""
        log_bytes = len(self._log.getvalue().encode())
        self._log.seek(0)
        self._log.truncate()
        extra = {"websocket_units": incoming + replies, "log_bytes": log_bytes}
        return {**self._meter.take(), **extra}


def prepare(queue_url: str, management: str, model: str) -> None:
    """Set the environment of the functions, as the template does."""
    os.environ.update(
        TABLE_NAME="copilot",
        QUEUE_URL=queue_url,
        WEBSOCKET_ENDPOINT=management,
        INDEX_DIR=str(ROOT / "faiss_index"),
        MODEL_DIR=str(ROOT / "inference" / "model"),
        OPENAI_API_KEY="scripted",
        OPENAI_BASE_URL=model,
        QUESTIONS_PER_MINUTE="1000",
        LOG_LEVEL="INFO",
        AWS_CLIENT="boto3",  # The meter hears botocore; the other client makes the same calls.
    )
    for name in ("QDRANT_URL", "OPENAI_SECRET_ARN", "CHAT_MODEL", "AWS_ENDPOINT_URL"):
        os.environ.pop(name, None)


def measure() -> dict[str, Any]:
    """Run one visit with an answer of each kind."""
    os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench")
    os.environ["AWS_DEFAULT_REGION"] = REGION
    with mock_aws(), ManagementApi() as management, ScriptedModel() as model:
        create_table()
        queue_url = boto3.client("sqs").create_queue(QueueName="questions")["QueueUrl"]
        prepare(queue_url, management.url, model.base_url)
        meter = Meter(boto3.client("dynamodb", region_name=REGION))
        meter.listen()
        boto3.setup_default_session(region_name=REGION)
        bench = Bench(meter, queue_url, management.posted)
        visit = {"connect": bench.connect(), "ping": bench.ping()}
        model.script(Script(tokens=["warm", " up"]))
        bench.ask()
        bench.answer()
        answers = []
        for tokens, rate in STREAMS:
            words = [f"token{number:04d} " for number in range(tokens)]
            model.script(Script(tokens=words, delay_s=1 / rate))
            asked = bench.ask()
            answered = bench.answer()
            prompt = model.served[-1].body["messages"]
            answered["prompt_chars"] = sum(len(message["content"]) for message in prompt)
            answers.append({"tokens": tokens, "rate": rate, "ask": asked, **answered})
        visit["disconnect"] = bench.disconnect()
    return {"schema": 1, "visit": visit, "answers": answers}


def main() -> int:
    """Print one table and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=RESULT, help="where the JSON goes")
    arguments = parser.parse_args()
    result = measure()
    print(f"{'answer':>22} {'deltas':>7} {'posts':>6} {'writes':>7} {'reads':>6} {'log':>7}")
    for answer in result["answers"]:
        name = f"{answer['tokens']} tokens at {answer['rate']:.0f}/s"
        writes = answer["dynamodb_write_units"] + answer["ask"]["dynamodb_write_units"]
        reads = answer["dynamodb_read_units"] + answer["ask"].get("dynamodb_read_units", 0)
        print(
            f"{name:>22} {answer['deltas']:>7} {answer['posts']:>6} {writes:>7} {reads:>6} "
            f"{answer['log_bytes'] + answer['ask']['log_bytes']:>7}"
        )
    arguments.out.write_text(json.dumps(result, indent=1) + "\n")
    print(f"written to {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
