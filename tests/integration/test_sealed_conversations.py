"""With a KMS key nobody who reads the table reads a conversation, and its people read it all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copilot.answer_log.answers import AnswerLog
from copilot.answer_log.asking import Asking
from copilot.answer_log.feedback import FeedbackBook
from copilot.answer_log.header import NotTaken
from copilot.answer_log.judgement import Judgement
from copilot.answer_log.question import NewQuestion
from copilot.answer_log.receipts import DAY_S
from copilot.answer_log.stopping import Stopping
from copilot.conversations.history import Conversations
from copilot.conversations.listing import ConversationList
from copilot.errors import RequestError
from copilot.identifiers import new_id
from copilot.identity import Identity
from copilot.question_queue.sender import QueueSender
from copilot.table import ASK_SK, Table, answer_pk, key
from http_api import app as entry
from http_api.insights.desk import TableInsightDesk
from tests.conftest import Time
from tests.integration.http_client import Person, Worker
from tests.integration.sealed_table import sealed, stored_bytes

INDEX = Path(__file__).resolve().parents[2] / "faiss_index"
ANN = Identity(tenant="default", user="anon-ann")
WORDS = st.sampled_from(["Alder", "availability", "Größe", "15 years", "€/MWh", "\U0001f50c"])


class Life:
    """What a person, workers and an operator do with one table; every text holds a mark."""

    def __init__(self, table: Table, now: Time, queue: QueueSender) -> None:
        self.now = now
        self.asking = Asking(table, now, questions_per_minute=10**6)
        self.worker, self.log = Worker(table, now), AnswerLog(table, now)
        self.stopping = Stopping(table, now)
        self.list = ConversationList(table, now)
        self.feedback = FeedbackBook(table, queue, now)
        self.insights = TableInsightDesk(table, now, retention_s=30 * DAY_S)
        self.marks: list[str] = []
        self.conversations: list[str] = []
        self.answers: list[str] = []

    def text(self, word: str) -> str:
        """A text with a mark that occurs nowhere else."""
        self.marks.append(f"mark-{new_id()}")
        return f"{word} {self.marks[-1]} {word}"

    def do(self, action: str, word: str, choice: int) -> None:
        """One action, on one of the conversations there are; what is refused changes nothing."""
        try:
            getattr(self, action)(word, choice)
        except (RequestError, NotTaken):
            return

    def ask(self, word: str, choice: int) -> None:
        known = [*self.conversations, None]
        asked = self.asking.ask(
            NewQuestion(
                identity=ANN,
                connection_id=None,
                client_msg_id=new_id(),
                text=self.text(word),
                conversation_id=known[choice % len(known)],
                filters={"document": self.text(word)},
            )
        )
        self.answers.append(asked.answer_id)
        if asked.conversation_id not in self.conversations:
            self.conversations.append(asked.conversation_id)

    def answer(self, word: str, choice: int) -> None:
        reason = f"asked before: {self.text(word)}"
        answer_id = self._one_of(self.answers, choice)
        self.worker.answer(answer_id, self.text(word), cache_reason=reason)

    def fail(self, word: str, choice: int) -> None:
        lease = self.worker.begin(self._one_of(self.answers, choice), self.text(word))
        self.worker.finish(lease, self.text(word), 2, state="error", reason="error")

    def stop(self, word: str, choice: int) -> None:
        lease = self.worker.begin(self._one_of(self.answers, choice), self.text(word))
        self.log.release(lease)
        self.now.now += 1
        self.stopping.cancel(ANN, lease.answer_id)

    def comment(self, word: str, choice: int) -> None:
        said = Judgement(rating="down", comment=self.text(word))
        self.feedback.note(ANN, self._one_of(self.answers, choice), said)

    def name(self, word: str, choice: int) -> None:
        if choice % 2:
            self.conversations.append(self.list.create(ANN, self.text(word)).conversation_id)
        else:
            self.list.rename(ANN, self._one_of(self.conversations, choice), self.text(word))

    def count(self, word: str, choice: int) -> None:
        self.now.now += DAY_S
        self.insights.insights(ANN, 3)

    def _one_of(self, known: list[str], choice: int) -> str:
        return known[choice % len(known)] if known else "none"


ACTIONS = st.sampled_from(["ask", "ask", "answer", "answer", "fail", "stop", "comment", "name"])


@pytest.fixture
def queue(aws: None) -> QueueSender:
    sqs = boto3.client("sqs")
    return QueueSender(sqs, sqs.create_queue(QueueName="questions")["QueueUrl"])


@pytest.fixture
def with_key(table: Table, time: Time) -> Table:
    return sealed(table, time)[0]


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    script=st.lists(st.tuples(ACTIONS, WORDS, st.integers(0, 5)), min_size=4, max_size=10),
    days=st.integers(0, 1),
)
def test_no_text_of_a_conversation_lies_in_the_table(
    script: list[tuple[str, str, int]], days: int, with_key: Table, time: Time, queue: QueueSender
) -> None:
    life = Life(with_key, time, queue)
    life.do("ask", "Alder", 0)
    for action, word, choice in script:
        life.do(action, word, choice)
    for _ in range(days):
        life.do("count", "", 0)
    stored = stored_bytes(with_key)
    assert [mark for mark in life.marks if mark.encode() in stored] == []


def test_without_a_key_the_same_look_finds_every_text(
    table: Table, time: Time, queue: QueueSender
) -> None:
    """The test above can fail: it looks where texts lie."""
    life = Life(table, time, queue)
    life.do("ask", "Alder", 0)
    life.do("answer", "Alder", 0)
    life.do("comment", "Alder", 0)
    life.do("name", "Alder", 0)
    stored = stored_bytes(table)
    assert len(life.marks) == 6
    # The first title was the question, which two rows hold still.
    assert [mark for mark in life.marks if mark.encode() not in stored] == []


@pytest.fixture
def environment(
    table: Table, time: Time, queue: QueueSender, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], None]]:
    """The HTTP API's function; calling the value gives it a KMS key, or none."""
    monkeypatch.setenv("TABLE_NAME", table.name)
    monkeypatch.setenv("WEBSOCKET_ENDPOINT", "https://api/dev")
    monkeypatch.setenv("QUEUE_URL", queue._url)
    monkeypatch.setenv("INDEX_DIR", str(INDEX))
    monkeypatch.setattr("time.time", time)
    monkeypatch.setattr("time.sleep", lambda seconds: setattr(time, "now", time.now + seconds))

    def with_key(arn: str) -> None:
        monkeypatch.setenv("KMS_KEY_ID", arn)
        entry.services.cache_clear()

    yield with_key
    entry.services.cache_clear()


def test_what_was_written_before_a_key_was_named_stays_readable(
    environment: Callable[[str], None], table: Table, time: Time
) -> None:
    ann = Person("ann")
    environment("")
    old = ann.ask("How long was the term?")
    Worker(table, time).answer(old["answer_id"], "It was 10 years [1].")
    before = ann.get(f"/conversations/{old['conversation_id']}").json

    with_key, arn = sealed(table, time)
    environment(arn)
    assert ann.get(f"/conversations/{old['conversation_id']}").json == before
    time.now += 1
    new = ann.ask("How long is it now?", conversation_id=old["conversation_id"])
    Worker(with_key, time).answer(new["answer_id"], "15 years [1].")
    both = ann.get(f"/conversations/{old['conversation_id']}").json
    assert [turn["text"] for turn in both["turns"]] == ["It was 10 years [1].", "15 years [1]."]
    assert [hit["where"] for hit in ann.get("/search?q=years").json["items"]] == ["answer"] * 2
    history = Conversations(with_key, time).history(
        "default", old["conversation_id"], before_answer="none"
    )
    assert [message.text for message in history][::2] == [
        "How long was the term?",
        "How long is it now?",
    ]


def test_a_key_that_was_taken_away_is_named_and_nothing_is_shown(
    environment: Callable[[str], None], table: Table, time: Time
) -> None:
    ann = Person("ann")
    with_key, arn = sealed(table, time)
    environment(arn)
    asked = ann.ask("How long is the term?")
    Worker(with_key, time).answer(asked["answer_id"])
    environment("")
    for target in (
        "/conversations",
        f"/conversations/{asked['conversation_id']}",
        f"/answers/{asked['answer_id']}",
        "/search?q=term",
    ):
        reply = ann.get(target)
        assert (reply.status, reply.json["code"]) == (500, "key_missing")
        assert "KMS_KEY_ID" in reply.json["detail"]
    environment(f"{arn}-that-is-gone")
    reply = ann.get(f"/conversations/{asked['conversation_id']}")
    assert (reply.status, reply.json["code"]) == (503, "key_unavailable")


def test_a_question_that_was_put_into_another_row_is_not_answered(table: Table, time: Time) -> None:
    with_key, _ = sealed(table, time)
    asking, log = Asking(with_key, time), AnswerLog(with_key, time)
    first, second = (
        asking.ask(
            NewQuestion(identity=ANN, connection_id=None, client_msg_id=f"m{n}", text=f"Is it {n}?")
        ).answer_id
        for n in range(2)
    )
    rows: list[Any] = [
        table.client.get_item(TableName=table.name, Key=key(answer_pk(a), ASK_SK))["Item"]
        for a in (first, second)
    ]
    moved = {**rows[0], **key(answer_pk(second), ASK_SK)}
    table.client.put_item(TableName=table.name, Item=moved)
    assert log.take(first).question.text == "Is it 0?"
    with pytest.raises(RequestError, match="changed after it was written"):
        log.take(second)
