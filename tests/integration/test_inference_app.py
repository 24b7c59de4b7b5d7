"""The inference function through its entry point: real engine, real push client, AWS on moto."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import boto3
import pytest

from copilot.answer_log.answers import AnswerLog
from copilot.answer_log.asking import Asking
from copilot.answer_log.header import LEASE_S, Header
from copilot.answer_log.header_rows import read_header
from copilot.answer_log.question import NewQuestion
from copilot.identity import Identity
from copilot.question_queue.messages import ForgetAnswer, ForgetUser, encode_message
from copilot.table import Table
from copilot.telemetry.metrics import CATALOGUE
from copilot.transcript import Transcript
from copilot.wire import Delta, End, Receipt, Snapshot, Sources, Start, Status, decode_event
from inference import app as entry
from tests import emf, saved_queries
from tests.integration.management_api import ManagementApi

ROOT = Path(__file__).parents[2]
ANN = Identity(tenant="default", user="ann", groups=("public",))
QUESTION = "What is the availability guarantee of the Harrow Ridge service agreement?"


class Context:
    """Lambda's context, as much as is used of it."""

    def __init__(self, remaining_s: float = 120.0) -> None:
        self._remaining_s = remaining_s
        self.aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return int(self._remaining_s * 1000)


class Room:
    """A deployed function in small: its queue, its table, its connections."""

    def __init__(self, table: Table, queue_url: str, management: ManagementApi) -> None:
        self.table = table
        self.queue_url = queue_url
        self.management = management
        self.sqs = boto3.client("sqs")
        self.asking = Asking(table, entry.process().clock.time)
        self.log = AnswerLog(table, entry.process().clock.time)
        self._asked = 0

    def ask(self, text: str = QUESTION, conversation_id: str | None = None, **fields: Any) -> str:
        self._asked += 1
        asked = self.asking.ask(
            NewQuestion(
                identity=ANN,
                connection_id="c1",
                client_msg_id=f"m{self._asked}",
                text=text,
                conversation_id=conversation_id,
                **fields,
            )
        )
        self.sqs.send_message(
            QueueUrl=self.queue_url, MessageBody=json.dumps({"v": 1, "answer_id": asked.answer_id})
        )
        return asked.answer_id

    def receive(self) -> list[dict[str, Any]]:
        """What the event source mapping would hand over."""
        received = self.sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10, AttributeNames=["All"]
        )
        return [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
            }
            for message in received.get("Messages", [])
        ]

    def deliver(
        self, records: list[dict[str, Any]] | None = None, remaining_s: float = 120.0
    ) -> list[str]:
        """Deliver to the function; the message ids that it wants back."""
        records = self.receive() if records is None else records
        answer = entry.handler({"Records": records}, Context(remaining_s))
        return [item["itemIdentifier"] for item in answer["batchItemFailures"]]

    def events(self, answer_id: str) -> list[Any]:
        decoded = [decode_event(data) for to, data in self.management.posted if to == "c1"]
        return [event for event in decoded if getattr(event, "answer_id", None) == answer_id]

    def transcript(self, answer_id: str) -> Transcript:
        """What a client makes of the frames."""
        transcript = Transcript(answer_id)
        for event in self.events(answer_id):
            if isinstance(event, Start | Sources | Delta | Snapshot | End):
                transcript.apply(event)
        return transcript

    def header(self, answer_id: str) -> Header:
        header = read_header(self.table, answer_id, entry.process().clock.time())
        assert header is not None
        return header


@pytest.fixture
def management() -> Iterator[ManagementApi]:
    with ManagementApi() as api:
        yield api


@pytest.fixture
def environment(
    table: Table, management: ManagementApi, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.MonkeyPatch]:
    queue_url = boto3.client("sqs").create_queue(QueueName="questions")["QueueUrl"]
    for name, value in {
        "TABLE_NAME": table.name,
        "QUEUE_URL": queue_url,
        # moto stands in for AWS inside botocore; e2e tests and test_direct_log.py see the other.
        "AWS_CLIENT": "boto3",
        "WEBSOCKET_ENDPOINT": management.url,
        "INDEX_DIR": str(ROOT / "faiss_index"),
        "MODEL_DIR": str(ROOT / "inference" / "model"),
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("QDRANT_URL", "OPENAI_API_KEY", "OPENAI_SECRET_ARN", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("CHAT_MODEL", raising=False)
    entry.process.cache_clear()
    entry.runner.cache_clear()
    yield monkeypatch
    entry.process.cache_clear()
    entry.runner().close()
    entry.runner.cache_clear()


@pytest.fixture
def room(environment: pytest.MonkeyPatch, table: Table, management: ManagementApi) -> Room:
    queue_url = boto3.client("sqs").get_queue_url(QueueName="questions")["QueueUrl"]
    return Room(table, queue_url, management)


def test_a_question_becomes_a_cited_answer_at_the_client(room: Room) -> None:
    answer_id = room.ask()
    assert room.deliver() == []
    transcript = room.transcript(answer_id)
    assert transcript.state == "done"
    assert "97" in transcript.text
    end = transcript.end
    assert end is not None
    assert end.citations
    known = {source.chunk_id for source in transcript.sources}
    assert {citation.chunk_id for citation in end.citations} <= known
    receipt = end.receipt
    assert isinstance(receipt, Receipt)
    assert receipt.model == "extractive"
    assert receipt.cache.reason == "no cache is configured (QDRANT_URL is empty)"
    stages = [event.stage for event in room.events(answer_id) if isinstance(event, Status)]
    # A heartbeat repeats the stage where the machine is slow.
    told = [stage for stage, _ in groupby(stages)]
    assert told[-2:] == ["retrieving", "thinking"]
    assert room.header(answer_id).state == "done"
    assert receipt.posts == len(room.events(answer_id))


def test_a_redelivered_question_is_answered_once(room: Room) -> None:
    room.ask()
    records = room.receive()
    assert room.deliver(records) == []
    posts = len(room.management.posted)
    assert room.deliver(records) == []
    assert len(room.management.posted) == posts


def test_a_question_that_another_worker_answers_comes_back_later(room: Room) -> None:
    answer_id = room.ask()
    room.log.take(answer_id)
    records = room.receive()
    assert room.deliver(records) == [records[0]["messageId"]]
    assert room.management.posted == []
    assert room.receive() == [], f"it waits for the lease of {LEASE_S} s"


def test_one_bad_message_does_not_spoil_the_batch(room: Room) -> None:
    first, second = room.ask(), room.ask("Who signed the Millbrook tolling agreement?")
    room.sqs.send_message(QueueUrl=room.queue_url, MessageBody="not a question")
    records = room.receive()
    assert len(records) == 3
    bad = [record["messageId"] for record in records if record["body"] == "not a question"]
    assert room.deliver(records) == bad
    assert room.transcript(first).end is not None
    assert room.transcript(second).end is not None
    again = [record["body"] for record in room.receive()]
    assert again.count("not a question") == 1, "it comes back at once, on its way to dead letters"


def test_an_unknown_answer_is_nothing_to_do(room: Room) -> None:
    room.sqs.send_message(QueueUrl=room.queue_url, MessageBody='{"v":1,"answer_id":"gone"}')
    assert room.deliver() == []


def test_a_follow_up_uses_its_conversation(room: Room) -> None:
    first = room.ask()
    room.deliver()
    conversation_id = room.header(first).conversation_id
    second = room.ask("and how is it measured?", conversation_id)
    room.deliver([r for r in room.receive() if second in r["body"]])
    end = room.transcript(second).end
    assert end is not None
    assert end.receipt is not None
    assert end.receipt.standalone_question is not None
    assert "Harrow Ridge" in end.receipt.standalone_question
    assert end.receipt.cache.reason == "the follow-up was not condensed"


def test_a_foreign_question_ends_in_words(room: Room) -> None:
    answer_id = room.ask("Who won the chess world championship in Reykjavik?")
    room.deliver()
    transcript = room.transcript(answer_id)
    assert transcript.state == "done"
    assert transcript.text.startswith("The documents do not say")


def test_a_worker_that_starts_anew_takes_over_what_expired(room: Room) -> None:
    answer_id = room.ask()
    lease = room.log.take(answer_id)
    room.log.flush(lease, 1, "A half answer of a worker that was killed")
    room.log.release(lease)
    assert room.deliver() == []
    transcript = room.transcript(answer_id)
    assert (transcript.epoch, transcript.state) == (2, "done")
    assert "half answer" not in transcript.text


def test_a_wish_to_stop_that_came_first_ends_as_cancelled(room: Room) -> None:
    answer_id = room.ask()
    room.table.client.update_item(
        TableName=room.table.name,
        Key={"PK": {"S": f"ANS#{answer_id}"}, "SK": {"S": "HDR"}},
        UpdateExpression="SET cancelled = :true",
        ExpressionAttributeValues={":true": {"BOOL": True}},
    )
    assert room.deliver() == []
    assert room.transcript(answer_id).state == "cancelled"
    assert room.transcript(answer_id).text == ""


def test_nobody_listening_is_no_reason_to_lose_the_answer(room: Room) -> None:
    room.management.gone.add("c1")
    answer_id = room.ask()
    assert room.deliver() == []
    header = room.header(answer_id)
    assert header.state == "done"
    assert header.subscribers == frozenset()


def test_warming_up_does_real_work(room: Room) -> None:
    answer = entry.handler({"source": "energycopilot.warmup"}, Context())
    assert answer["warm"] is True
    assert answer["model"] == "extractive"
    assert entry.process().engine.is_ready


@pytest.mark.parametrize("variable", ["INDEX_DIR", "MODEL_DIR"])
def test_a_missing_index_or_model_is_a_typed_error_until_it_is_there(
    environment: pytest.MonkeyPatch,
    table: Table,
    management: ManagementApi,
    tmp_path: Path,
    variable: str,
) -> None:
    environment.setenv(variable, str(tmp_path / "nothing"))
    queue_url = boto3.client("sqs").get_queue_url(QueueName="questions")["QueueUrl"]
    room = Room(table, queue_url, management)
    assert entry.handler({"source": "energycopilot.warmup"}, Context())["warm"] is False
    answer_id = room.ask()
    assert room.deliver() == []
    end = room.transcript(answer_id).end
    assert end is not None
    assert end.error is not None
    assert (end.state, end.error.code) == ("error", "index_unusable")
    assert "python -m embed" in end.error.message or "make model" in end.error.message
    whole = ROOT / ("faiss_index" if variable == "INDEX_DIR" else "inference/model")
    shutil.copytree(whole, tmp_path / "nothing")
    second = room.ask(conversation_id=room.header(answer_id).conversation_id)
    room.deliver([r for r in room.receive() if second in r["body"]])
    assert room.transcript(second).state == "done"


def test_a_key_that_is_not_there_ends_in_an_error_that_names_the_setting(
    environment: pytest.MonkeyPatch, table: Table, management: ManagementApi
) -> None:
    environment.setenv("OPENAI_SECRET_ARN", "arn:aws:secretsmanager:eu-central-1:1:secret:none")
    queue_url = boto3.client("sqs").get_queue_url(QueueName="questions")["QueueUrl"]
    room = Room(table, queue_url, management)
    answer_id = room.ask()
    assert room.deliver() == []
    end = room.transcript(answer_id).end
    assert end is not None
    assert end.error is not None
    assert (end.error.code, end.error.retryable) == ("model_auth", False)
    assert "OPENAI_SECRET_ARN" in end.error.message


FORGET = [
    ForgetAnswer(tenant="default", answer_id="a1"),
    ForgetUser(tenant="default", user="ann"),
]


@pytest.mark.parametrize("message", FORGET)
def test_without_a_cache_there_is_nothing_to_forget(room: Room, message: ForgetAnswer) -> None:
    room.sqs.send_message(QueueUrl=room.queue_url, MessageBody=encode_message(message))
    assert room.deliver() == []


@pytest.mark.parametrize("message", FORGET)
def test_what_a_cache_that_is_down_should_forget_comes_back(
    environment: pytest.MonkeyPatch, room: Room, message: ForgetAnswer
) -> None:
    environment.setenv("QDRANT_URL", "http://127.0.0.1:9")
    entry.process.cache_clear()
    room.sqs.send_message(QueueUrl=room.queue_url, MessageBody=encode_message(message))
    records = room.receive()
    assert room.deliver(records) == [records[0]["messageId"]]
    assert room.receive() == [], "it waits before it is tried again"


def test_an_answer_leaves_one_line_of_figures(room: Room) -> None:
    logs = emf.logged()
    answer_id = room.ask()
    records = room.receive()
    trace = "Root=1-5759e988-bd862e3f;Parent=53995c3f42cd8ad8;Sampled=1"
    records[0]["attributes"]["AWSTraceHeader"] = trace
    room.deliver(records)
    (line,) = emf.metrics_of(logs.getvalue())
    end = room.transcript(answer_id).end
    assert end is not None
    assert end.receipt is not None
    assert (line["message"], line["answer_id"], line["state"]) == ("answered", answer_id, "done")
    assert line["asked_in_trace"] == "1-5759e988-bd862e3f"
    values = emf.values_of(line)
    counts = {
        "Answers": 1,
        "AnswerErrors": 0,
        "Abstentions": 0,
        "ModelErrors": 0,
        "CacheHits": 0,
        "CacheMisses": 0,
        "CacheFailures": 0,
        "Takeovers": 0,
        "Posts": end.receipt.posts,
        "ThrottledPosts": 0,
        "GoneConnections": 0,
    }
    assert {name: values[name] for name in counts} == counts
    assert len(values["PushTime"]) == end.receipt.posts
    assert len(values["PersistTime"]) == end.last_seq + 1, "every chunk, and the end"
    assert values["QueueTime"] <= values["FirstTokenTime"] <= values["AnswerTime"]
    assert values["ModelWaitTime"] > 0
    assert values["EmbedTime"] > 0
    assert "CacheTime" in values


def test_what_went_wrong_is_counted(room: Room) -> None:
    logs = emf.logged()
    room.management.gone.add("c1")
    room.ask("Who won the chess world championship in Reykjavik?")
    room.deliver()
    (foreign,) = emf.metrics_of(logs.getvalue())
    assert emf.values_of(foreign)["Abstentions"] == 1
    assert emf.values_of(foreign)["GoneConnections"] == 1
    assert emf.values_of(foreign)["Posts"] == 0
    assert "ModelWaitTime" not in emf.values_of(foreign)
    answer_id = room.ask()
    room.log.release(room.log.take(answer_id))
    room.deliver([r for r in room.receive() if answer_id in r["body"]])
    _, taken_over = emf.metrics_of(logs.getvalue())
    assert emf.values_of(taken_over)["Takeovers"] == 1


def test_a_question_that_fails_in_the_function_is_counted(room: Room) -> None:
    logs = emf.logged()
    room.ask()
    records = room.receive()
    room.table.client.delete_table(TableName=room.table.name)
    assert room.deliver(records) != []
    (line,) = emf.metrics_of(logs.getvalue())
    assert emf.values_of(line) == {"Failures": 1}
    (failed,) = [line for line in emf.lines_of(logs.getvalue()) if line["level"] == "ERROR"]
    assert failed["message"] == "question failed"
    assert failed["answer_id"] == line["answer_id"] == json.loads(records[0]["body"])["answer_id"]
    assert failed["message_id"] == records[0]["messageId"]
    assert failed["request_id"] == "request-1"


def test_saved_queries_read_fields_that_lines_have(
    environment: pytest.MonkeyPatch, table: Table, management: ManagementApi
) -> None:
    environment.setenv("OPENAI_SECRET_ARN", "arn:aws:secretsmanager:eu-central-1:1:secret:none")
    environment.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3f;Sampled=1")
    queue_url = boto3.client("sqs").get_queue_url(QueueName="questions")["QueueUrl"]
    room = Room(table, queue_url, management)
    logs = emf.logged()
    room.ask()
    records = room.receive()
    records[0]["attributes"]["AWSTraceHeader"] = "Root=1-abc;Sampled=1"
    room.deliver([*records, {**records[0], "body": "not a question"}])
    room.ask()
    records = room.receive()
    room.table.client.delete_table(TableName=room.table.name)
    room.deliver(records)
    lines = emf.lines_of(logs.getvalue())
    known = {name for line in lines for name in line} | {metric.name for metric in CATALOGUE}
    known |= saved_queries.OF_LOGS_INSIGHTS | saved_queries.OF_LAMBDA
    messages = {line["message"] for line in lines}
    read = [q for q in saved_queries.saved_queries() if "InferenceLogs" in q.groups]
    assert len(read) > 5
    for query in read:
        # The socket's function names the connection; its test looks for that.
        assert saved_queries.fields_of(query.text) - known <= {"connection_id"}, query.name
        assert set(re.findall(r'message = "([^"]+)"', query.text)) <= messages


def test_no_text_of_a_question_or_an_answer_is_logged(room: Room) -> None:
    logged = emf.logged()
    answer_id = room.ask(f"{QUESTION} Xylophonium asks.")
    assert room.deliver() == []
    room.ask("Who is Xylophonium?")
    assert room.deliver([{**record, "body": "Xylophonium"} for record in room.receive()]) != []
    assert answer_id in logged.getvalue()
    assert "malformed message" in logged.getvalue()
    assert "Xylophonium" not in logged.getvalue()
    assert room.transcript(answer_id).text not in logged.getvalue()
