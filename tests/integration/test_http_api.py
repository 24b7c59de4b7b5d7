"""The HTTP API through its entry point, on moto: what one person's calls give, over time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from copilot.answer_log.receipts import DAY_S
from copilot.conversations.history import Conversations
from copilot.index_bundle.manifest import sha256_of
from copilot.table import Table
from http_api import app as entry
from tests import emf
from tests.conftest import Time, create_table
from tests.integration.http_client import Person, Worker
from tests.integration.sealed_table import sealed

ROOT = Path(__file__).resolve().parents[2]


class Sleep:
    """Moves the clock instead of waiting; ``then`` runs once, in the first pause."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self.then: Callable[[], None] | None = None

    def __call__(self, seconds: float) -> None:
        self._time.now += seconds
        then, self.then = self.then, None
        if then is not None:
            then()


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
def sleep(time: Time) -> Sleep:
    return Sleep(time)


@pytest.fixture
def queue(
    table: Table, time: Time, sleep: Sleep, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], list[Any]]]:
    """The function's environment; the value reads what is on the question queue."""
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="questions")["QueueUrl"]
    for name, value in {
        "TABLE_NAME": table.name,
        "WEBSOCKET_ENDPOINT": "https://api/dev",
        "QUEUE_URL": url,
        "INDEX_DIR": str(ROOT / "faiss_index"),
        "QUESTIONS_PER_MINUTE": "20",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("time.time", time)
    monkeypatch.setattr("time.sleep", sleep)
    entry.services.cache_clear()

    def read() -> list[Any]:
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in received.get("Messages", [])]

    yield read
    entry.services.cache_clear()


@pytest.fixture
def ann(queue: object) -> Person:
    return Person("ann")


@pytest.fixture
def bob(queue: object) -> Person:
    return Person("bob")


@pytest.fixture
def worker(table: Table, time: Time) -> Worker:
    return Worker(table, time)


@pytest.fixture
def asked(ann: Person, worker: Worker, time: Time, sleep: Sleep) -> Callable[..., Any]:
    """Asks as Ann, has it answered, and gives the answer; a second passes before each."""

    def ask(text: str = "How long is the term?", *, said: str = "15 years [1].", **f: Any) -> Any:
        time.now += 1

        def answer() -> None:
            (active,) = [a for a in [_active(ann)] if a]
            worker.answer(active, said)

        sleep.then = answer
        return ann.ask(text, **f)

    return ask


def _active(person: Person) -> str | None:
    items = person.get("/conversations?limit=100").json["items"]
    return next((item["active_answer"] for item in items if item["active_answer"]), None)


def _pages(person: Person, target: str) -> Iterator[list[Any]]:
    """The items of every page of a list."""
    page = person.get(target).json
    yield page["items"]
    while page["next_cursor"] is not None:
        page = person.get(f"{target}&cursor={page['next_cursor']}").json
        yield page["items"]


# --- who calls ------------------------------------------------------------------------------------


@pytest.mark.parametrize("client_id", [None, "", "no spaces", "x" * 65, "a/b"])
def test_nobody_is_served_without_a_client_id(queue: object, client_id: str | None) -> None:
    reply = Person(client_id).get("/conversations")
    assert reply.status == 401
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json["code"] == "unauthenticated"
    assert "x-client-id" in reply.json["detail"]


def test_a_client_id_is_nobodys_proof_where_people_sign_in(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH_MODE", "api-key")
    monkeypatch.setenv("API_KEYS_SECRET_ARN", "energycopilot/api-keys")
    entry.services.cache_clear()
    assert ann.get("/conversations").status == 401


def test_health_asks_nobody_who_they_are(queue: object) -> None:
    manifest = json.loads((ROOT / "faiss_index/manifest.json").read_text())
    reply = Person(None).get("/health")
    assert reply.json == {"status": "ok", "corpus_version": manifest["corpus_version"]}


# --- asking ---------------------------------------------------------------------------------------


def test_an_answer_is_waited_for(asked: Callable[..., Any], ann: Person) -> None:
    answer = asked()
    assert answer["state"] == "done"
    assert answer["text"] == "15 years [1]."
    assert answer["sources"][0]["document"] == "ppa.md"
    assert answer["end"]["citations"][0]["quote"] == "The term is 15 years."
    assert answer["retry_after_ms"] is None
    assert ann.get(f"/answers/{answer['answer_id']}").json == answer


def test_what_takes_longer_is_gone_on_with(
    ann: Person, worker: Worker, queue: Callable[[], list[Any]], sleep: Sleep
) -> None:
    leases: list[Any] = []
    sleep.then = lambda: leases.append(worker.begin(_active(ann) or "", "15 "))
    reply = ann.post("/chat", {"text": "How long?"})
    first = reply.json
    assert reply.status == 202
    assert (first["state"], first["text"]) == ("streaming", "15 ")
    assert first["end"] is None
    assert first["retry_after_ms"] > 0
    assert {m["answer_id"] for m in queue()} == {first["answer_id"]}
    worker.answer(first["answer_id"], "15 years.")  # the first worker's lease is over
    rest = ann.get(f"/answers/{first['answer_id']}")
    assert rest.status == 200
    assert rest.json["text"] == "15 years."


def test_the_text_of_an_answer_outlives_its_stream(
    asked: Callable[..., Any], ann: Person, table: Table
) -> None:
    answer_id = asked()["answer_id"]
    for item in _items(table):
        if item["SK"]["S"].startswith("C#"):
            key = {"PK": item["PK"], "SK": item["SK"]}
            table.client.delete_item(TableName=table.name, Key=key)
    assert ann.get(f"/answers/{answer_id}").json["text"] == "15 years [1]."
    late = ann.get(f"/answers/{answer_id}", accept="text/event-stream", last_event_id="1.1")
    assert (late.status, late.json["code"]) == (404, "answer_expired")


def test_a_question_sent_twice_is_answered_once(ann: Person, worker: Worker) -> None:
    first = ann.ask(client_msg_id="m1")
    assert ann.ask(client_msg_id="m1")["answer_id"] == first["answer_id"]
    other = ann.post("/chat", {"text": "Another?", "client_msg_id": "m1"})
    assert (other.status, other.json["code"]) == (409, "idempotency_conflict")


def test_a_conversation_takes_one_question_at_a_time(ann: Person) -> None:
    first = ann.ask()
    again = ann.post("/chat", {"text": "And?", "conversation_id": first["conversation_id"]})
    assert (again.status, again.json["code"]) == (409, "busy")


def test_too_many_questions_are_told_when_to_come_back(
    ann: Person, bob: Person, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUESTIONS_PER_MINUTE", "1")
    entry.services.cache_clear()
    time.now -= time.now % 60
    ann.get("/conversations")
    logs = emf.logged()
    ann.post("/chat", {"text": "One?"}, accept="application/json")
    time.now -= time.now % 60  # waiting for the answer moved the clock
    reply = ann.post("/chat", {"text": "Two?"})
    assert (reply.status, reply.json["code"]) == (429, "rate_limited")
    assert reply.json["retry_after_ms"] == int(reply.headers["retry-after"]) * 1000 + 1 - 1000
    assert bob.post("/chat", {"text": "Mine?"}).status == 202
    counted = [emf.values_of(line) for line in emf.metrics_of(logs.getvalue())]
    assert counted == [{"Questions": 1}, {"RefusedQuestions": 1}, {"Questions": 1}]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": "x" * 4001}, "text"),
        ({"text": "a", "surprise": 1}, "surprise"),
        ({"text": "a", "conversation_id": "no spaces"}, "conversation_id"),
        ("{", "body"),
        ("[]", "body"),
        ([{"text": "a"}], "body"),
        (None, "body"),
    ],
)
def test_a_malformed_question_is_told_where(ann: Person, body: Any, where: str) -> None:
    reply = ann.post("/chat", body)
    assert (reply.status, reply.json["code"]) == (422, "invalid_request")
    assert where in reply.json["detail"]


@pytest.mark.parametrize("kind", ["multipart/form-data", "text/plain; charset=utf-8"])
def test_a_body_that_is_no_json_is_refused(ann: Person, kind: str) -> None:
    reply = ann.call("POST", "/chat", {"text": "a"}, content_type=kind)
    assert (reply.status, reply.json["code"]) == (415, "unsupported_media_type")


def test_a_question_that_is_none_is_refused(ann: Person) -> None:
    reply = ann.post("/chat", {"text": "  \n "})
    assert (reply.status, reply.json["code"]) == (422, "empty_question")


# --- events ---------------------------------------------------------------------------------------


def events(text: str) -> list[tuple[str, str | None, Any]]:
    """An event stream as (event, id, data)."""
    found = []
    for block in text.split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((fields["event"], fields.get("id"), json.loads(fields["data"])))
    return found


def test_events_are_those_of_the_wire(ann: Person, worker: Worker, sleep: Sleep) -> None:
    def answer() -> None:
        worker.finish(worker.begin(_active(ann) or "", "15 ", "years."), "15 years.", 3)

    sleep.then = answer
    reply = ann.post("/chat", {"text": "How long?"}, accept="text/event-stream")
    assert reply.headers["content-type"] == "text/event-stream"
    stream = events(reply.text)
    assert [(event, event_id) for event, event_id, _ in stream] == [
        ("accepted", None),
        ("status", None),
        ("sources", "1.1"),
        ("delta", "1.2"),
        ("delta", "1.3"),
        ("end", "1.3"),
    ]
    assert all(data["type"] == event for event, _, data in stream)
    answer_id = stream[0][2]["answer_id"]
    resumed = ann.get(f"/answers/{answer_id}", accept="text/event-stream", last_event_id="1.2")
    assert events(resumed.text) == stream[4:]


def test_a_stream_that_is_cut_says_where_to_go_on(
    ann: Person, worker: Worker, sleep: Sleep
) -> None:
    sleep.then = lambda: worker.begin(_active(ann) or "", "15 ")
    reply = ann.post("/chat", {"text": "How long?"}, accept="text/event-stream")
    *_, (event, _, data) = events(reply.text)
    assert event == "continue"
    assert (data["epoch"], data["seq"]) == (1, 2)
    worker.answer(data["answer_id"], "20 years.")  # under a new epoch
    rest = ann.get(f"/answers/{data['answer_id']}", accept="text/event-stream", last_event_id="1.2")
    assert [event_id for _, event_id, _ in events(rest.text)] == ["2.1", "2.2", "2.2"]


# --- conversations --------------------------------------------------------------------------------


def titles(person: Person, query: str = "") -> list[str]:
    return [item["title"] for item in person.get(f"/conversations{query}").json["items"]]


def test_conversations_are_listed_newest_first_and_pinned_ones_before(
    asked: Callable[..., Any], ann: Person, bob: Person
) -> None:
    ids = {text: asked(text)["conversation_id"] for text in ("One?", "Two?", "Three?")}
    assert titles(ann) == ["Three?", "Two?", "One?"]
    pinned = ann.call("PATCH", f"/conversations/{ids['One?']}", {"pinned": True}).json
    assert pinned["pinned"] is True
    asked("More?", conversation_id=ids["Two?"])
    assert titles(ann) == ["One?", "Two?", "Three?"]
    for _ in range(2):  # doing it again changes nothing
        ann.call("PATCH", f"/conversations/{ids['One?']}", {"pinned": False})
    assert titles(ann) == ["Two?", "Three?", "One?"]
    assert titles(bob) == []


def test_pages_hold_every_conversation_once(asked: Callable[..., Any], ann: Person) -> None:
    for number in range(5):
        asked(f"{number}?")
    pages = list(_pages(ann, "/conversations?limit=2"))
    seen = [item["title"] for page in pages for item in page]
    assert seen == ["4?", "3?", "2?", "1?", "0?"]


@pytest.mark.parametrize("cursor", ["x", "W10", "WzFd", "e30", "\N{SNOWMAN}"])
def test_a_made_up_cursor_is_refused(ann: Person, cursor: str) -> None:
    from urllib.parse import quote

    reply = ann.get(f"/conversations?cursor={quote(cursor)}")
    assert (reply.status, reply.json["code"]) == (422, "invalid_cursor")


def test_an_empty_conversation_is_named_by_its_first_question(
    asked: Callable[..., Any], ann: Person
) -> None:
    made = ann.post("/conversations", {})
    assert made.status == 201
    named = ann.post("/conversations", {"title": " My title "}).json
    asked("What is a PPA?", conversation_id=made.json["conversation_id"])
    asked("What is a PPA?", conversation_id=named["conversation_id"])
    assert titles(ann) == ["My title", "What is a PPA?"]


def test_a_conversation_can_be_renamed(asked: Callable[..., Any], ann: Person) -> None:
    first, _ = asked("One?")["conversation_id"], asked("Two?")
    renamed = ann.call("PATCH", f"/conversations/{first}", {"title": "  Uno "})
    assert renamed.json["title"] == "Uno"
    asked("More?", conversation_id=first)
    assert titles(ann) == ["Uno", "Two?"]
    assert ann.call("PATCH", f"/conversations/{first}", {"title": " "}).status == 422


def test_personal_data_is_removed_from_whatever_a_person_writes(
    asked: Callable[..., Any], ann: Person, table: Table
) -> None:
    card, mail = "4111 1111 1111 1111", "jane@example.org"
    told = f"Is {card} hers? Write to {mail}."
    ann.post("/conversations", {"title": told})
    first = asked(told)
    ann.post(f"/answers/{first['answer_id']}/feedback", {"rating": "down", "comment": told})
    target = f"/conversations/{first['conversation_id']}"
    renamed = ann.call("PATCH", target, {"title": told}).json["title"]
    assert renamed == "Is ‹card number› hers? Write to ‹e-mail address›."
    for answer in (ann.get("/conversations"), ann.get(target), ann.get(f"{target}/export")):
        assert card not in answer.text
        assert mail not in answer.text
    stored = repr(_items(table))
    assert card not in stored
    assert mail not in stored


def test_a_running_answer_is_shown_as_far_as_it_is(ann: Person, worker: Worker) -> None:
    first = ann.ask()
    worker.begin(first["answer_id"], "15 ")
    (turn,) = ann.get(f"/conversations/{first['conversation_id']}").json["turns"]
    assert (turn["state"], turn["text"], turn["end"]) == ("streaming", "15 ", None)
    assert turn["sources"][0]["title"] == "Harrow Ridge PPA"


def test_branches_keep_their_own_history(
    asked: Callable[..., Any], ann: Person, table: Table, time: Time
) -> None:
    first = asked("One?", said="1")
    conversation = first["conversation_id"]
    second = asked("Two?", said="2", conversation_id=conversation)
    edited = asked("Zwei?", said="II", conversation_id=conversation, parent=first["answer_id"])
    again = asked(
        "Zwei?", said="ii", conversation_id=conversation, parent=first["answer_id"], fresh=True
    )
    anew = asked("Uno?", said="I", conversation_id=conversation, parent="root")
    whole = ann.get(f"/conversations/{conversation}").json
    assert [(t["question"], t["parent"]) for t in whole["turns"]] == [
        ("One?", "root"),
        ("Two?", first["answer_id"]),
        ("Zwei?", first["answer_id"]),
        ("Zwei?", first["answer_id"]),
        ("Uno?", "root"),
    ]
    assert whole["leaf"] == anew["answer_id"]
    followed = asked("Three?", said="3", conversation_id=conversation, parent=again["answer_id"])
    assert followed["answer_id"] != edited["answer_id"]
    history = Conversations(table, time).history(
        "default", conversation, before_answer="x", parent=followed["answer_id"], limit=4
    )
    assert [m.text for m in history] == ["Zwei?", "ii", "Three?", "3"]
    start = Conversations(table, time).history(
        "default", conversation, before_answer=second["answer_id"], parent=first["answer_id"]
    )
    assert [m.text for m in start] == ["One?", "1"]


@pytest.mark.parametrize("parent", ["nobody", "root-2"])
def test_a_parent_must_be_a_turn_of_the_conversation(
    asked: Callable[..., Any], ann: Person, parent: str
) -> None:
    conversation = asked()["conversation_id"]
    for fields in ({"conversation_id": conversation}, {}):
        reply = ann.post("/chat", {"text": "And?", "parent": parent, **fields})
        assert (reply.status, reply.json["code"]) == (404, "unknown_parent")


def test_a_deleted_conversation_is_gone_at_once_and_back_when_restored(
    asked: Callable[..., Any], ann: Person, time: Time
) -> None:
    answer = asked()
    path = f"/conversations/{answer['conversation_id']}"
    before = ann.get(path).json
    deleted = ann.call("DELETE", path).json
    assert deleted["undo_until"] == int((time.now + 60) * 1000)
    assert ann.call("DELETE", path).json == deleted
    assert titles(ann) == []
    assert ann.get(path).status == 404
    assert ann.get(f"/answers/{answer['answer_id']}").status == 404
    assert ann.get("/search?q=term").json["items"] == []
    assert ann.call("PATCH", path, {"title": "x"}).status == 404
    conversation_id = answer["conversation_id"]
    assert ann.post("/chat", {"text": "And?", "conversation_id": conversation_id}).status == 404
    time.now += 59
    assert ann.post(f"{path}/restore").status == 200
    assert ann.get(path).json == before
    time.now += 120
    assert ann.get(path).json == before


def test_after_a_minute_nothing_can_be_restored(
    asked: Callable[..., Any], ann: Person, table: Table, time: Time
) -> None:
    path = f"/conversations/{asked('Secret?')['conversation_id']}"
    ann.call("DELETE", path)
    time.now += 61
    reply = ann.post(f"{path}/restore")
    assert (reply.status, reply.json["code"]) == (410, "undo_expired")
    live = [i for i in _items(table) if int(i["ttl"]["N"]) > time.now]
    assert not [i for i in live if i["SK"]["S"].startswith(("MSG#", "HDR", "ASK"))]


def test_deleting_stops_what_is_being_answered(ann: Person, worker: Worker, table: Table) -> None:
    first = ann.ask()
    lease = worker.begin(first["answer_id"], "15 ")
    ann.call("DELETE", f"/conversations/{first['conversation_id']}")
    worker.finish(lease, "15 ", 2, state="cancelled", reason="cancelled")
    messages = [i for i in _items(table) if i["SK"]["S"].startswith("MSG#")]
    assert [i["role"]["S"] for i in messages] == ["user"]


def _items(table: Table) -> list[dict[str, Any]]:
    return list(table.client.scan(TableName=table.name)["Items"])


# --- search and export ----------------------------------------------------------------------------


def test_search_finds_titles_questions_and_answers(
    asked: Callable[..., Any], ann: Person, bob: Person
) -> None:
    first = asked("How long is the term?", said="Fifteen years, says the agreement.")
    asked("What is the price?", said="42 euros.")
    found = ann.get("/search?q=AGREEMENT%20fifteen").json["items"]
    assert [(hit["where"], hit["answer_id"]) for hit in found] == [("answer", first["answer_id"])]
    assert [found[0]["excerpt"][a:b] for a, b in found[0]["marks"]] == ["Fifteen", "agreement"]
    assert {hit["where"] for hit in ann.get("/search?q=price").json["items"]} == {
        "title",
        "question",
    }
    assert bob.get("/search?q=price").json["items"] == []


def test_a_search_goes_on_where_it_stopped(asked: Callable[..., Any], ann: Person) -> None:
    for number in range(4):
        asked(f"The term of {number}?", said=f"The term of {number} is long.")
    pages = list(_pages(ann, "/search?q=term&limit=5"))
    seen = [(hit["title"], hit["where"]) for page in pages for hit in page]
    assert all(len(page) <= 5 for page in pages)
    assert len(seen) == len(set(seen)) == 12
    assert seen[0] == ("The term of 3?", "title")


def test_a_branch_is_exported_with_its_sources(asked: Callable[..., Any], ann: Person) -> None:
    first = asked("How long?", said="15 years [1]. Not [2].")
    asked("And then?", said="Nothing.", conversation_id=first["conversation_id"])
    path = f"/conversations/{first['conversation_id']}/export"
    whole = ann.get(path)
    assert whole.headers["content-disposition"] == 'attachment; filename="how-long.md"'
    assert whole.headers["content-type"] == "text/markdown; charset=utf-8"
    assert whole.text == (
        "# How long?\n\n> How long?\n\n15 years [^1-1]. Not [2].\n\n"
        "[^1-1]: Harrow Ridge PPA, page 3: \u201cThe term is 15 years.\u201d "
        "<https://docs.example.com/ppa>\n\n"
        "> And then?\n\nNothing.\n\n"
        "[^2-1]: Harrow Ridge PPA, page 3 <https://docs.example.com/ppa>\n"
    )
    branch = ann.get(f"{path}?leaf={first['answer_id']}").text
    assert "And then?" not in branch
    exported = ann.get(f"{path}?format=json").json
    assert exported == ann.get(f"/conversations/{first['conversation_id']}").json
    assert ann.get(f"{path}?leaf=nobody").status == 404


# --- feedback and insights ------------------------------------------------------------------------


def test_a_thumbs_down_is_kept_counted_and_reaches_the_cache(
    asked: Callable[..., Any], ann: Person, queue: Callable[[], list[Any]]
) -> None:
    answer = asked()
    queue()
    path = f"/answers/{answer['answer_id']}/feedback"
    said = {"rating": "down", "reason": "outdated", "comment": "Write to me@example.com"}
    noted = ann.post(path, said)
    assert noted.json == {"answer_id": answer["answer_id"], "rating": "down"}
    assert queue() == [
        {"kind": "forget_answer", "v": 1, "tenant": "default", "answer_id": answer["answer_id"]}
    ]
    (turn,) = ann.get(f"/conversations/{answer['conversation_id']}").json["turns"]
    assert turn["feedback"]["reason"] == "outdated"
    assert "me@example.com" not in turn["feedback"]["comment"]
    assert ann.get("/insights?days=1").json["totals"]["down"] == 1
    ann.post(path, {"rating": "up"})
    ann.post(path, {"rating": None})
    (turn,) = ann.get(f"/conversations/{answer['conversation_id']}").json["turns"]
    assert turn["feedback"] is None
    totals = ann.get("/insights?days=1").json["totals"]
    assert (totals["up"], totals["down"]) == (0, 0)
    assert queue() == []


def test_only_an_ended_answer_of_ones_own_is_judged(
    asked: Callable[..., Any], ann: Person, bob: Person
) -> None:
    running = ann.ask()["answer_id"]
    early = ann.post(f"/answers/{running}/feedback", {"rating": "up"})
    assert (early.status, early.json["code"]) == (409, "not_ended")
    assert bob.post(f"/answers/{running}/feedback", {"rating": "up"}).status == 404
    assert ann.post("/answers/nobody/feedback", {"rating": "up"}).status == 404
    assert ann.post(f"/answers/{running}/feedback", {"rating": "sideways"}).status == 422


def test_figures_of_a_day_are_those_of_its_answers(
    ann: Person, bob: Person, worker: Worker
) -> None:
    plans: list[dict[str, Any]] = [
        {"total_ms": 100.0},
        {"total_ms": 200.0, "cache": "hit", "cost": None},
        {"total_ms": 400.0, "reason": "abstained"},
        {"total_ms": 800.0, "state": "error", "reason": "error"},
    ]
    for number, plan in enumerate(plans):
        worker.answer(ann.ask(f"What is {number % 2}?")["answer_id"], **plan)
    worker.answer(bob.ask("What is 0?")["answer_id"])
    insights = ann.get("/insights?days=2").json
    today = insights["days"][-1]
    counts = {k: v for k, v in today.items() if isinstance(v, int) and v}
    assert counts == {
        "questions": 4,
        "done": 3,
        "errors": 1,
        "abstained": 1,
        "cache_hits": 1,
        "prompt_tokens": 400,
        "completion_tokens": 80,
    }
    assert today["cost_usd"] == pytest.approx(0.006)
    assert today["total_ms"]["p50"] == pytest.approx(200, rel=0.01)
    assert today["total_ms"]["p95"] == pytest.approx(800, rel=0.01)
    assert insights["totals"] == {k: v for k, v in today.items() if k != "day"}
    assert [(q["question"], q["count"], q["cache_hits"]) for q in insights["top_questions"]] == [
        ("What is 1?", 2, 1),
        ("What is 0?", 2, 0),
    ]
    assert [(q["state"], q["code"]) for q in insights["failed_questions"]] == [
        ("error", "model_failed"),
        ("abstained", None),
    ]


def test_a_past_day_is_summed_once_and_again_when_it_changes(
    asked: Callable[..., Any], ann: Person, table: Table, time: Time
) -> None:
    answer = asked()
    time.now += DAY_S + 700
    assert ann.get("/insights?days=2").json["days"][0]["questions"] == 1
    kept = [i for i in _items(table) if i["SK"]["S"].startswith("ROLLUP#") and "body" in i]
    assert kept
    for item in _items(table):
        if item["SK"]["S"].startswith("R#"):
            key = {"PK": item["PK"], "SK": item["SK"]}
            table.client.delete_item(TableName=table.name, Key=key)
            row = item
    assert ann.get("/insights?days=2").json["days"][0]["questions"] == 1
    table.client.put_item(TableName=table.name, Item=row)
    ann.post(f"/answers/{answer['answer_id']}/feedback", {"rating": "up"})
    day = ann.get("/insights?days=2").json["days"][0]
    assert (day["questions"], day["up"]) == (1, 1)


def test_an_answer_that_ends_on_the_next_day_counts_on_its_own(
    ann: Person, worker: Worker, time: Time
) -> None:
    time.now -= time.now % DAY_S + 1
    answer_id = ann.ask()["answer_id"]
    time.now += 700  # what was asked before midnight is a past day's, and that day is summed up
    assert ann.get("/insights?days=2").json["totals"]["questions"] == 0
    worker.answer(answer_id)
    assert [d["questions"] for d in ann.get("/insights?days=3").json["days"]] == [0, 1, 0]


# --- everything of one person ---------------------------------------------------------------------


def test_forgetting_leaves_nothing_of_a_person(
    asked: Callable[..., Any],
    ann: Person,
    bob: Person,
    worker: Worker,
    table: Table,
    time: Time,
    queue: Callable[[], list[Any]],
) -> None:
    kept = bob.ask("What is Bob's?")
    worker.answer(kept["answer_id"], "Bob's.")
    first = asked("What is the secret?", said="The secret is told.")
    ann.post(f"/answers/{first['answer_id']}/feedback", {"rating": "up", "comment": "secret"})
    ann.call("DELETE", f"/conversations/{asked('A secret again?')['conversation_id']}")
    time.now += DAY_S
    ann.get("/insights?days=3")
    ann.ask("A running secret?")
    queue()
    bobs = bob.get(f"/conversations/{kept['conversation_id']}").json
    reply = ann.call("DELETE", "/me")
    assert reply.status == 202
    assert reply.json["deleted_rows"] > 10
    assert queue() == [{"kind": "forget_user", "v": 1, "tenant": "default", "user": "anon-ann"}]
    delayed = boto3.client("sqs").get_queue_attributes(
        QueueUrl=os.environ["QUEUE_URL"], AttributeNames=["ApproximateNumberOfMessagesDelayed"]
    )
    assert delayed["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"
    left = [i for i in _items(table) if "secret" in repr(i).lower()]
    assert left == []
    assert {i["PK"]["S"].split("#")[0] for i in _items(table) if "ann" in repr(i)} <= {
        "IDEM",
        "RL",
        "T",
        "AUDIT",
    }
    audited = [i for i in _items(table) if i["PK"]["S"].startswith("AUDIT#")]
    states = {i["state"]["S"] for i in audited if i["user"]["S"] == "anon-ann"}
    assert states == {"done", "erased"}, "what somebody was shown stays known, without its words"
    assert {i["credential"]["S"] for i in audited} == {"client-id"}
    assert titles(ann) == []
    assert ann.get("/insights?days=3").json["totals"]["questions"] == 0
    assert bob.get(f"/conversations/{kept['conversation_id']}").json == bobs
    assert ann.call("DELETE", "/me").json["deleted_rows"] == 0


# --- documents ------------------------------------------------------------------------------------

PPA = "documents%2Fharrow-ridge-ppa.md"


def test_documents_are_listed_page_by_page(ann: Person) -> None:
    pages = list(_pages(ann, "/documents?limit=10"))
    seen = [item["document"] for page in pages for item in page]
    manifest = json.loads((ROOT / "faiss_index/manifest.json").read_text())
    lines = (ROOT / "faiss_index/documents.jsonl").read_text().splitlines()
    stored = [json.loads(line) for line in lines]
    assert seen == [d["path"] for d in stored if "public" in d["groups"]]
    found = ann.get("/documents?q=Harrow%20ppa").json
    assert "documents/harrow-ridge-ppa.md" in [item["document"] for item in found["items"]]
    assert found["corpus_version"] == manifest["corpus_version"]


@pytest.mark.parametrize("document", [PPA, "documents/harrow-ridge-ppa.md"])
def test_a_document_is_read_chunk_by_chunk(ann: Person, document: str) -> None:
    whole = ann.get(f"/documents/{document}").json
    chunks = ann.get(f"/documents/{document}/chunks?limit=100").json["items"]
    assert len(chunks) == whole["chunk_count"]
    assert [chunk["n"] for chunk in chunks] == list(range(len(chunks)))
    first = whole["sections"][0]
    assert first["start"] == next(c["start"] for c in chunks if c["section"] == first["title"])
    middle = chunks[1]
    for name in ("1", middle["chunk_id"]):
        found = ann.get(
            f"/documents/{document}/chunks/{name}?start={middle['start'] + 5}&end=999999"
        ).json
        assert (found["before"], found["chunk"], found["after"]) == tuple(chunks[:3])
        assert found["span"] == {"start": middle["start"] + 5, "end": middle["end"]}
    beginning = ann.get(f"/documents/{document}/chunks/0").json
    assert (beginning["before"], beginning["span"]) == (None, None)
    assert ann.get(f"/documents/{document}/chunks/{len(chunks)}").status == 404


def test_a_document_of_another_group_looks_missing(
    ann: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in (ROOT / "faiss_index").glob("*.*"):
        if file.suffix != ".faiss":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    documents = (tmp_path / "documents.jsonl").read_text().splitlines()
    hidden = json.loads(documents[0])
    hidden["groups"] = ["board"]
    (tmp_path / "documents.jsonl").write_text("\n".join([json.dumps(hidden), *documents[1:]]))
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    changed = tmp_path / "documents.jsonl"
    entry_of = {"bytes": changed.stat().st_size, "sha256": sha256_of(changed)}
    manifest["files"]["documents.jsonl"] = entry_of
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.setenv("INDEX_DIR", str(tmp_path))
    entry.services.cache_clear()
    path = f"/documents/{hidden['path'].replace('/', '%2F')}"
    for target in (path, f"{path}/chunks", f"{path}/chunks/0"):
        reply = ann.get(target)
        assert (reply.status, reply.json["code"]) == (404, "unknown_document")
    listed = ann.get("/documents?limit=100").json["items"]
    assert hidden["path"] not in [item["document"] for item in listed]


def test_an_index_that_is_missing_is_told_and_logged(
    ann: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INDEX_DIR", str(tmp_path))
    entry.services.cache_clear()
    reply = ann.get("/documents")
    assert (reply.status, reply.json["code"]) == (503, "index_unusable")
    assert ann.get("/conversations").status == 200


def test_what_is_not_served_is_a_problem_too(ann: Person) -> None:
    reply = ann.get("/nothing")
    assert (reply.status, reply.json["code"]) == (404, "unknown_route")
    assert reply.headers["content-type"] == "application/problem+json"
