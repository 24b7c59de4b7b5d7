"""The WebSocket function through its entry point, on moto: events in, rows and frames out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from msgspec.structs import replace

from copilot.access.connections import RENEWAL_S, Connections
from copilot.access.tickets import Grant, Tickets
from copilot.answer_log.answers import AnswerLog
from copilot.answer_log.audit import audit_pk
from copilot.answer_log.ending import Ending
from copilot.answer_log.header import LEASE_S
from copilot.answer_log.receipts import day_of
from copilot.identity import Identity
from copilot.table import Table
from copilot.wire import Source
from tests import emf, saved_queries
from tests.conftest import Time, create_table
from tests.integration.management_api import ManagementApi
from tests.integration.sealed_table import sealed
from websocket_handler import app as entry
from websocket_handler import authorizer, dead_letters
from websocket_handler.clients import client_config

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
WATCHDOG_S = 5
ARN = "arn:aws:execute-api:us-east-1:123456789012:abc/dev/$connect"
SOURCE = Source(id="1", title="PPA", snippet="…", score=1.0, document="ppa.md", chunk_id="c1")


class Client:
    """A person behind one connection, as API Gateway shows it to the function."""

    def __init__(self, queue_url: str, connection_id: str) -> None:
        self.connection_id = connection_id
        self.queue_url = queue_url
        self.sqs = boto3.client("sqs")
        self._frames = 0

    def connect(self, ticket: str | None = None, **headers: str) -> dict[str, Any]:
        """The handshake as API Gateway does it: the authorizer, then the $connect route."""
        handshake: dict[str, Any] = {"headers": headers}
        if ticket is not None:
            handshake["queryStringParameters"] = {"ticket": ticket}
        verdict = authorizer.handler({**handshake, "methodArn": ARN}, None)
        [statement] = verdict["policyDocument"]["Statement"]
        assert statement["Resource"] == ARN
        if statement["Effect"] != "Allow":
            return {"statusCode": 403}
        event = self._event("CONNECT", "$connect", **handshake)
        event["requestContext"]["authorizer"] = verdict["context"]
        return entry.handler(event, None)

    def connect_unauthorized(self) -> dict[str, Any]:
        """A $connect event that no authorizer has seen."""
        return entry.handler(self._event("CONNECT", "$connect", headers={}), None)

    def disconnect(self) -> dict[str, Any]:
        return entry.handler(self._event("DISCONNECT", "$disconnect"), None)

    def send(self, frame: str | dict[str, Any], **event: Any) -> Any:
        """Send a frame; return the decoded reply of the route response, or ``None``."""
        body = frame if isinstance(frame, str) else json.dumps(frame)
        answer = entry.handler(self._event("MESSAGE", "$default", body=body, **event), None)
        assert answer["statusCode"] == 200
        return json.loads(answer["body"]) if "body" in answer else None

    def queued(self) -> list[Any]:
        received = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
        return [json.loads(m["Body"]) for m in received.get("Messages", [])]

    def _event(self, kind: str, route: str, **rest: Any) -> dict[str, Any]:
        self._frames += 1
        return {
            "requestContext": {
                "eventType": kind,
                "routeKey": route,
                "connectionId": self.connection_id,
                "requestId": f"req-{self._frames}",
                "messageId": f"{self.connection_id}{self._frames}=",
                "connectedAt": 1_800_000_000_000,
            },
            "isBase64Encoded": False,
            **rest,
        }


@pytest.fixture
def management() -> Iterator[ManagementApi]:
    with ManagementApi() as api:
        yield api


@pytest.fixture(params=["plain", "sealed"])
def table(
    request: pytest.FixtureRequest, aws: None, time: Time, monkeypatch: pytest.MonkeyPatch
) -> Table:
    """The table without a KMS key, and with one: what people get must be the same."""
    plain = create_table()
    if request.param == "plain":
        return plain
    with_key, arn = sealed(plain, time)
    monkeypatch.setenv("KMS_KEY_ID", arn)
    return with_key


@pytest.fixture
def environment(
    table: Table,
    time: Time,
    management: ManagementApi,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """The function's environment; the fixture's value is the queue's URL."""
    queue_url = boto3.client("sqs").create_queue(QueueName="questions")["QueueUrl"]
    monkeypatch.setenv("TABLE_NAME", table.name)
    monkeypatch.setenv("QUEUE_URL", queue_url)
    monkeypatch.setenv("WEBSOCKET_ENDPOINT", management.url)
    monkeypatch.setattr("time.time", time)
    entry.app.cache_clear()
    dead_letters.consumer.cache_clear()
    authorizer.gate.cache_clear()
    yield queue_url
    entry.app.cache_clear()
    authorizer.gate.cache_clear()
    dead_letters.consumer.cache_clear()


@pytest.fixture
def ann(environment: str) -> Client:
    client = Client(environment, "ann-1")
    client.connect()
    client.send({"action": "hello", "client_id": "ann"})
    return client


def ask(client: Client, **fields: Any) -> Any:
    return client.send(
        {"action": "message", "client_msg_id": "m1", "text": "How long is the term?", **fields}
    )


def test_hello_is_answered_with_limits_and_the_lasting_user(ann: Client) -> None:
    welcome = ann.send({"action": "hello", "client_id": "ann"})
    assert welcome["type"] == "welcome"
    assert welcome["user"] == "anon-ann"
    assert welcome["limits"]["question_chars"] == 4_000


def test_a_question_is_accepted_and_queued_once_per_id(ann: Client) -> None:
    first = ask(ann)
    assert first["type"] == "accepted"
    assert ann.queued() == [{"v": 1, "answer_id": first["answer_id"]}]
    assert ask(ann) == first
    assert ask(ann, text="Another?")["code"] == "idempotency_conflict"


def test_questions_and_refusals_are_counted_and_name_no_text(
    ann: Client,
) -> None:
    logs = emf.logged()
    ann.send({"action": "ping"})
    answer_id = ask(ann)["answer_id"]
    for number in range(20):
        ask(ann, client_msg_id=f"more-{number}")
    output = logs.getvalue()
    lines = emf.metrics_of(output)
    assert emf.values_of(lines[0]) == {"Questions": 1}
    assert (lines[0]["answer_id"], lines[0]["connection_id"]) == (answer_id, "ann-1")
    assert emf.values_of(lines[-1]) == {"RefusedQuestions": 1}
    assert lines[-1]["code"] == "rate_limited"
    assert len(lines) == 21
    seen = {name for line in lines for name in line} | saved_queries.OF_LOGS_INSIGHTS
    for query in saved_queries.saved_queries():
        if not query.groups & {"InferenceLogs", "IngestionLogs"}:
            assert saved_queries.fields_of(query.text) <= seen
    assert "How long" not in output


@pytest.mark.parametrize("header", ["Root=1-5759e988-bd862e3f;Parent=53995c3f;Sampled=1", ""])
def test_a_question_takes_its_trace_along(
    header: str, ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    ask(ann)
    (message,) = ann.sqs.receive_message(
        QueueUrl=ann.queue_url, MessageSystemAttributeNames=["AWSTraceHeader"]
    )["Messages"]
    assert message.get("Attributes", {}) == ({"AWSTraceHeader": header} if header else {})


def test_the_short_form_works(ann: Client) -> None:
    reply = ann.send({"action": "message", "data": "What is a PPA?"})
    assert reply["type"] == "accepted"
    assert reply["client_msg_id"].startswith("frame-")
    assert ann.queued() == [{"v": 1, "answer_id": reply["answer_id"]}]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("   ", "empty_question"),
        ("x" * 10_000, "question_too_long"),
        ("what\x00 now", "control_characters"),
    ],
)
def test_what_is_not_a_question_is_rejected_in_words(ann: Client, text: str, code: str) -> None:
    reply = ask(ann, text=text)
    assert (reply["type"], reply["code"], reply["client_msg_id"]) == ("rejected", code, "m1")
    assert reply["message"]
    assert ann.queued() == []


def test_an_unknown_conversation_is_rejected(ann: Client) -> None:
    assert ask(ann, conversation_id="nope")["code"] == "unknown_conversation"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "bad_json"),
        ("[1]", "bad_message"),
        ('{"action":"dance"}', "unknown_action"),
        ('{"action":"resume"}', "bad_message"),
        ('{"action":"message","text":"' + "x" * 33_000 + '"}', "frame_too_large"),
        ('{"action":"resume","answer_id":"nope"}', "unknown_answer"),
        ('{"action":"feedback","answer_id":"a","rating":"up"}', "unknown_answer"),
    ],
)
def test_bad_frames_get_a_typed_error_and_never_reach_the_queue(
    ann: Client, frame: str, code: str
) -> None:
    reply = ann.send(frame)
    assert (reply["type"], reply["code"]) == ("error", code)
    assert ann.queued() == []


def test_a_binary_frame_gets_a_typed_error(ann: Client) -> None:
    assert ann.send("AAEC", isBase64Encoded=True)["code"] == "binary_frame"


def test_a_frame_on_a_connection_that_has_no_row_is_told_to_reconnect(environment: str) -> None:
    assert Client(environment, "ghost").send({"action": "ping"})["code"] == "unknown_connection"


def test_ping_pong(ann: Client) -> None:
    assert ann.send({"action": "ping", "t": 12.5}) == {"type": "pong", "t": 12.5}


def test_after_disconnect_the_row_is_gone(ann: Client) -> None:
    ann.disconnect()
    assert ann.send({"action": "ping"})["code"] == "unknown_connection"


def test_only_listed_origins_may_connect(environment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://chat.example.com, https://b.example.com")
    authorizer.gate.cache_clear()
    good, bad = Client(environment, "good"), Client(environment, "bad")
    assert good.connect(Origin="https://chat.example.com")["statusCode"] == 200
    assert bad.connect(Origin="https://evil.example.com")["statusCode"] == 403
    assert bad.connect()["statusCode"] == 403


def test_a_resume_on_a_new_connection_replays_and_follows(
    ann: Client, table: Table, time: Time, management: ManagementApi, environment: str
) -> None:
    answer_id = ask(ann)["answer_id"]
    log = AnswerLog(table, time)
    lease = log.take(answer_id)
    log.flush(lease, 1, [SOURCE])
    log.flush(lease, 2, "Twenty ")
    log.flush(lease, 3, "years.")
    again = Client(environment, "ann-2")
    again.connect()
    again.send({"action": "hello", "client_id": "ann"})
    resume = {"action": "resume", "answer_id": answer_id, "epoch": lease.epoch, "after_seq": 2}
    snapshot = again.send(resume)
    assert (snapshot["type"], snapshot["text"], snapshot["to_seq"]) == ("snapshot", "years.", 3)
    assert "ann-2" in log.heartbeat(lease).subscribers
    log.finish(lease, Ending(state="done", finish_reason="stop", last_seq=3, text="Twenty years."))
    assert again.send(resume) is None  # two frames: pushed, in order
    assert [f["type"] for f in management.frames("ann-2")] == ["snapshot", "end"]


def test_the_watchdog_of_a_question_that_is_merely_waiting_enqueues_nothing(
    ann: Client, time: Time
) -> None:
    answer_id = ask(ann)["answer_id"]
    assert [message["answer_id"] for message in ann.queued()] == [answer_id]
    for _ in range(LEASE_S // WATCHDOG_S):
        time.now += WATCHDOG_S
        ann.send({"action": "resume", "answer_id": answer_id})
    assert ann.queued() == []
    time.now += WATCHDOG_S
    ann.send({"action": "resume", "answer_id": answer_id})
    assert [message["answer_id"] for message in ann.queued()] == [answer_id]


def test_a_resume_of_an_orphaned_answer_enqueues_it_again(
    ann: Client, table: Table, time: Time
) -> None:
    answer_id = ask(ann)["answer_id"]
    ann.queued()
    AnswerLog(table, time).take(answer_id)
    resume = {"action": "resume", "answer_id": answer_id}
    ann.send(resume)
    assert ann.queued() == []
    time.now += LEASE_S + 1
    ann.send(resume)
    ann.send(resume)
    assert ann.queued() == [{"v": 1, "answer_id": answer_id}]


def test_somebody_else_cannot_resume_or_stop_an_answer(ann: Client, environment: str) -> None:
    answer_id = ask(ann)["answer_id"]
    bob = Client(environment, "bob-1")
    bob.connect()
    bob.send({"action": "hello", "client_id": "bob"})
    for action in ("resume", "cancel"):
        reply = bob.send({"action": action, "answer_id": answer_id})
        assert (reply["code"], reply["ref"]) == ("unknown_answer", answer_id)


def test_a_stop_before_any_worker_ends_the_answer_for_every_tab(
    ann: Client, management: ManagementApi, environment: str
) -> None:
    answer_id = ask(ann)["answer_id"]
    tab = Client(environment, "ann-2")
    tab.connect()
    tab.send({"action": "hello", "client_id": "ann"})
    tab.send({"action": "resume", "answer_id": answer_id})
    end = ann.send({"action": "cancel", "answer_id": answer_id})
    assert (end["type"], end["state"]) == ("end", "cancelled")
    assert management.frames("ann-2") == [end]


def test_a_stop_while_a_worker_writes_is_left_to_the_worker(
    ann: Client, table: Table, time: Time
) -> None:
    answer_id = ask(ann)["answer_id"]
    log = AnswerLog(table, time)
    lease = log.take(answer_id)
    assert ann.send({"action": "cancel", "answer_id": answer_id}) is None
    assert log.heartbeat(lease).cancelled


def test_a_dead_letter_tells_the_person_once(
    ann: Client, management: ManagementApi, table: Table, time: Time
) -> None:
    answer_id = ask(ann)["answer_id"]
    letter = {"Records": [{"messageId": "1", "body": json.dumps({"v": 1, "answer_id": answer_id})}]}
    AnswerLog(table, time).take(answer_id)
    held = dead_letters.handler(letter, None)
    assert held == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    time.now += LEASE_S + 1
    logs = emf.logged()
    for _ in range(2):
        assert dead_letters.handler(letter, None) == {"batchItemFailures": []}
    (line,) = emf.metrics_of(logs.getvalue())
    assert emf.values_of(line) == {"DeadLetters": 1, "Failures": 0}
    [end] = management.frames("ann-1")
    assert (end["type"], end["state"], end["error"]["code"]) == ("end", "error", "answer_failed")


def test_a_dead_letter_that_is_no_question_is_dropped(environment: str) -> None:
    letter = {"Records": [{"messageId": "1", "body": "not json"}]}
    assert dead_letters.handler(letter, None) == {"batchItemFailures": []}


def open_tabs(environment: str, answer_id: str, *connection_ids: str) -> None:
    for connection_id in connection_ids:
        tab = Client(environment, connection_id)
        tab.connect()
        tab.send({"action": "hello", "client_id": "ann"})
        tab.send({"action": "resume", "answer_id": answer_id})


@pytest.mark.parametrize("broken", ["gone", "refused", "cut"])
def test_a_tab_that_cannot_be_reached_keeps_the_end_from_nobody(
    broken: str, ann: Client, management: ManagementApi, environment: str
) -> None:
    answer_id = ask(ann)["answer_id"]
    open_tabs(environment, answer_id, "ann-0", "ann-2")
    getattr(management, broken).add("ann-0")
    end = ann.send({"action": "cancel", "answer_id": answer_id})
    assert end["state"] == "cancelled"
    assert management.frames("ann-2") == [end]


@pytest.mark.parametrize("broken", ["gone", "refused", "cut"])
def test_a_dead_letter_is_done_with_though_a_tab_cannot_be_reached(
    broken: str, ann: Client, management: ManagementApi, environment: str
) -> None:
    answer_id = ask(ann)["answer_id"]
    open_tabs(environment, answer_id, "ann-0", "ann-2")
    getattr(management, broken).add("ann-0")
    letter = {"Records": [{"messageId": "1", "body": json.dumps({"v": 1, "answer_id": answer_id})}]}
    assert dead_letters.handler(letter, None) == {"batchItemFailures": []}
    assert [frame["state"] for frame in management.frames("ann-1")] == ["error"]
    assert management.frames("ann-2") == management.frames("ann-1")


@pytest.mark.parametrize("function", ["WebSocketFunction", "AuthorizerFunction"])
def test_a_call_that_hangs_ends_before_its_function_does(function: str, environment: str) -> None:
    config: Any = client_config()
    attempts = config.retries["total_max_attempts"]
    limit = re.search(rf"  {function}:.*?Timeout: (\d+)", TEMPLATE.read_text(), re.DOTALL)
    assert limit
    assert attempts * (config.connect_timeout + config.read_timeout) < int(limit[1])
    for client in (entry.app().management, dead_letters.consumer().management):
        meta: Any = client.meta
        assert meta.config.read_timeout == config.read_timeout


# --- sign-in --------------------------------------------------------------------------------------

ANN = Identity(tenant="acme", user="ann", groups=("public", "legal"))
BOB = Identity(tenant="acme", user="bob")


@pytest.fixture
def tickets(environment: str, table: Table, time: Time, monkeypatch: pytest.MonkeyPatch) -> Tickets:
    """Sign-in is on; the fixture issues what the HTTP API would."""
    monkeypatch.setenv("AUTH_MODE", "api-key")
    authorizer.gate.cache_clear()
    return Tickets(table, time)


def grant(identity: Identity, time: Time, seconds: int = 900) -> Grant:
    return Grant(identity=identity, expires_at=int(time()) + seconds, credential="key-1")


def signed_in(environment: str, tickets: Tickets, time: Time, name: str, who: Identity) -> Client:
    client = Client(environment, name)
    assert client.connect(tickets.issue(grant(who, time)))["statusCode"] == 200
    return client


def test_a_ticket_makes_the_connection_its_owners(
    environment: str, tickets: Tickets, time: Time
) -> None:
    ann = signed_in(environment, tickets, time, "a", ANN)
    assert ann.send({"action": "hello", "client_id": "bob"})["user"] == "ann"
    assert ask(ann)["type"] == "accepted"


def test_the_trail_names_the_key_that_a_socket_was_opened_with(
    environment: str, tickets: Tickets, table: Table, time: Time
) -> None:
    ann = signed_in(environment, tickets, time, "a", ANN)
    renewed = Grant(identity=ANN, expires_at=int(time()) + 900, credential="key-2")
    conversation = None
    for number in (1, 2):
        asked = ask(ann, client_msg_id=f"m{number}", conversation_id=conversation)
        conversation = asked["conversation_id"]
        ann.send({"action": "cancel", "answer_id": asked["answer_id"]})
        ann.send({"action": "auth", "token": tickets.issue(renewed)})
    rows = table.client.query(
        TableName=table.name,
        KeyConditionExpression="PK = :day",
        ExpressionAttributeValues={":day": {"S": audit_pk(ANN.tenant, day_of(time.now))}},
    )["Items"]
    assert [row["credential"]["S"] for row in rows] == ["key-1", "key-2"]
    assert {row["user"]["S"] for row in rows} == {ANN.user}


def test_a_ticket_opens_one_connection(environment: str, tickets: Tickets, time: Time) -> None:
    ticket = tickets.issue(grant(ANN, time))
    assert Client(environment, "a").connect(ticket)["statusCode"] == 200
    assert Client(environment, "b").connect(ticket)["statusCode"] == 403


def test_an_old_a_forged_and_no_ticket_open_none(
    environment: str, tickets: Tickets, time: Time
) -> None:
    ticket = tickets.issue(grant(ANN, time))
    time.now += 61
    assert Client(environment, "a").connect(ticket)["statusCode"] == 403
    assert Client(environment, "b").connect("f" * 43)["statusCode"] == 403
    assert Client(environment, "c").connect()["statusCode"] == 403
    assert Client(environment, "d").connect_unauthorized()["statusCode"] == 403
    assert Client(environment, "d").send({"action": "ping"})["code"] == "unknown_connection"


def test_the_table_never_holds_a_ticket(tickets: Tickets, table: Table, time: Time) -> None:
    ticket = tickets.issue(grant(ANN, time))
    assert ticket not in str(table.client.scan(TableName=table.name)["Items"])


def test_an_expired_sign_in_is_renewed_on_the_same_socket(
    environment: str, tickets: Tickets, time: Time
) -> None:
    ann = signed_in(environment, tickets, time, "a", ANN)
    time.now += 901
    assert ask(ann)["code"] == "auth_expired"
    assert ann.send({"action": "resume", "answer_id": "x"})["code"] == "auth_expired"
    assert ann.send({"action": "ping", "t": 1})["type"] == "pong"
    assert ann.send({"action": "auth", "token": "forged"})["code"] == "auth_refused"
    assert ask(ann)["code"] == "auth_expired"
    renewed = ann.send({"action": "auth", "token": tickets.issue(grant(ANN, time))})
    assert (renewed["type"], renewed["user"]) == ("welcome", "ann")
    assert ask(ann)["type"] == "accepted"


@pytest.mark.parametrize(
    "frame",
    [
        {"action": "ping"},
        {"action": "message", "text": "Still?"},
        {"action": "auth", "token": "none is to be had"},
    ],
)
def test_a_sign_in_that_nobody_renews_closes_the_socket(
    environment: str,
    tickets: Tickets,
    time: Time,
    management: ManagementApi,
    frame: dict[str, Any],
) -> None:
    """As after the key behind it was revoked: no ticket is to be had."""
    ann = signed_in(environment, tickets, time, "a", ANN)
    signed_in(environment, tickets, time, "b", ANN)
    time.now += 900 + RENEWAL_S - 1
    assert ann.send({"action": "ping"})["type"] == "pong"
    time.now += 1
    assert ann.send(frame) is None
    [told] = management.frames("a")
    assert told["code"] in ("auth_expired", "auth_refused")
    assert management.deleted == ["a"]
    assert ann.queued() == []
    assert ann.send({"action": "ping"})["code"] == "unknown_connection"


def test_a_change_of_groups_ends_the_renewal_of_a_socket(
    environment: str, tickets: Tickets, time: Time
) -> None:
    ann = signed_in(environment, tickets, time, "a", ANN)
    fewer = tickets.issue(grant(replace(ANN, groups=()), time))
    assert ann.send({"action": "auth", "token": fewer})["code"] == "auth_refused"


def test_somebody_elses_ticket_renews_nothing(
    environment: str, tickets: Tickets, time: Time
) -> None:
    ann = signed_in(environment, tickets, time, "a", ANN)
    theirs = tickets.issue(grant(BOB, time))
    assert ann.send({"action": "auth", "token": theirs})["code"] == "auth_refused"
    assert ann.send({"action": "hello", "client_id": "x"})["user"] == "ann"


def test_an_answer_is_its_owners_only(environment: str, tickets: Tickets, time: Time) -> None:
    ann = signed_in(environment, tickets, time, "a", ANN)
    answer_id = ask(ann)["answer_id"]
    for number, other in enumerate(
        [BOB, Identity(tenant="other", user="ann", groups=("public", "legal"))]
    ):
        eve = signed_in(environment, tickets, time, f"eve-{number}", other)
        resume = {"action": "resume", "answer_id": answer_id}
        assert eve.send(resume)["code"] == "unknown_answer"
        assert eve.send({"action": "cancel", "answer_id": answer_id})["code"] == "unknown_answer"


def test_all_sockets_of_a_person_can_be_found(
    environment: str, tickets: Tickets, table: Table, time: Time
) -> None:
    one = signed_in(environment, tickets, time, "one", ANN)
    signed_in(environment, tickets, time, "two", ANN)
    signed_in(environment, tickets, time, "bobs", BOB)
    assert sorted(Connections(table, time).of(ANN)) == ["one", "two"]
    one.disconnect()
    assert Connections(table, time).of(ANN) == ["two"]
