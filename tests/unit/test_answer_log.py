"""The answer log's promises, on moto's DynamoDB in this process."""

from __future__ import annotations

import pytest

from copilot.access.allowance import RateLimited
from copilot.answer_log.answers import AnswerLog, Lease
from copilot.answer_log.asking import Asking
from copilot.answer_log.ending import Ending
from copilot.answer_log.header import (
    LEASE_S,
    Busy,
    Fenced,
    IdempotencyConflict,
    NotTaken,
    UnknownAnswer,
)
from copilot.answer_log.question import Asked, NewQuestion
from copilot.answer_log.replay import replay
from copilot.answer_log.stopping import Stopping
from copilot.conversations.history import Conversations, UnknownConversation
from copilot.identity import Identity
from copilot.table import Table
from copilot.transcript import Transcript
from copilot.wire import Delta, End, ErrorInfo, Snapshot, Source
from tests.conftest import Time

ANN = Identity(tenant="default", user="ann")
BOB = Identity(tenant="default", user="bob")
EVE = Identity(tenant="other", user="ann")


def question(text: str = "How long is the term?", **changes: object) -> NewQuestion:
    fields = {
        "identity": ANN,
        "connection_id": "conn-1",
        "client_msg_id": "m1",
        "text": text,
        **changes,
    }
    return NewQuestion(**fields)  # type: ignore[arg-type]


def ask(table: Table, time: Time, **changes: object) -> Asked:
    return Asking(table, time).ask(question(**changes))  # type: ignore[arg-type]


def finished(lease: Lease, text: str, last_seq: int) -> Ending:
    return Ending(state="done", finish_reason="stop", last_seq=last_seq, text=text)


SOURCE = Source(id="1", title="PPA", snippet="…", score=1.0, document="ppa.md", chunk_id="c1")


def test_a_repeated_question_gets_the_same_answer_whatever_is_retried(
    table: Table, time: Time
) -> None:
    first = ask(table, time)
    again = [ask(table, time) for _ in range(4)]
    assert {a.answer_id for a in again} == {first.answer_id}
    assert all(a.enqueue for a in again)  # nobody owns it yet: the queue may have lost it
    AnswerLog(table, time).take(first.answer_id)
    assert not ask(table, time).enqueue


def test_the_same_id_with_another_question_is_a_conflict(table: Table, time: Time) -> None:
    ask(table, time)
    with pytest.raises(IdempotencyConflict):
        ask(table, time, text="Something else?")


def test_ids_of_two_people_do_not_meet(table: Table, time: Time) -> None:
    assert ask(table, time).answer_id != ask(table, time, identity=BOB).answer_id
    assert ask(table, time, identity=EVE).answer_id != ask(table, time).answer_id


def test_a_second_question_in_a_conversation_waits_for_the_first(table: Table, time: Time) -> None:
    log = AnswerLog(table, time)
    first = ask(table, time)
    with pytest.raises(Busy) as busy:
        ask(table, time, client_msg_id="m2", conversation_id=first.conversation_id)
    assert busy.value.stalled is not None
    lease = log.take(first.answer_id)
    with pytest.raises(Busy) as busy:
        ask(table, time, client_msg_id="m2", conversation_id=first.conversation_id)
    assert busy.value.stalled is None
    log.flush(lease, 1, "20 years.")
    log.finish(lease, finished(lease, "20 years.", 1))
    second = ask(table, time, client_msg_id="m2", conversation_id=first.conversation_id)
    history = Conversations(table, time).history(
        "default", first.conversation_id, before_answer=second.answer_id
    )
    assert [(m.role, m.text) for m in history] == [
        ("user", "How long is the term?"),
        ("assistant", "20 years."),
    ]


@pytest.mark.parametrize("stranger", [BOB, EVE])
def test_somebody_elses_conversation_and_answer_look_missing(
    table: Table, time: Time, stranger: Identity
) -> None:
    asked = ask(table, time)
    with pytest.raises(UnknownConversation):
        ask(table, time, identity=stranger, conversation_id=asked.conversation_id)
    with pytest.raises(UnknownAnswer):
        Asking(table, time).subscribe(stranger, asked.answer_id, "conn-9")
    with pytest.raises(UnknownAnswer):
        Stopping(table, time).cancel(stranger, asked.answer_id)
    with pytest.raises(UnknownAnswer):
        Stopping(table, time).cancel(ANN, "no-such-answer")


def test_too_many_questions_are_told_when_to_come_back(table: Table, time: Time) -> None:
    asking = Asking(table, time, questions_per_minute=2)
    for n in range(2):
        asking.ask(question(client_msg_id=f"m{n}"))
    with pytest.raises(RateLimited) as limited:
        asking.ask(question(client_msg_id="m3"))
    assert 0 < limited.value.retry_after_ms <= 60_001
    time.now += limited.value.retry_after_ms / 1000
    asking.ask(question(client_msg_id="m3"))


def test_only_one_worker_owns_an_answer_until_its_lease_ends(table: Table, time: Time) -> None:
    log = AnswerLog(table, time)
    asked = ask(table, time)
    first = log.take(asked.answer_id)
    with pytest.raises(NotTaken) as refused:
        log.take(asked.answer_id)
    assert refused.value.reason == "leased"
    assert refused.value.retry_after_s > 0
    time.now += LEASE_S + 1
    second = log.take(asked.answer_id)
    assert second.epoch == first.epoch + 1
    for zombie_act in (
        lambda: log.flush(first, 1, "old"),
        lambda: log.heartbeat(first),
        lambda: log.restart(first),
        lambda: log.finish(first, finished(first, "old", 1)),
    ):
        with pytest.raises(Fenced):
            zombie_act()
    log.flush(second, 1, "new")
    end, _ = log.finish(second, finished(second, "new", 1))
    assert end.epoch == second.epoch
    with pytest.raises(NotTaken) as refused:
        log.take(asked.answer_id)
    assert refused.value.reason == "final"


def test_an_unknown_answer_cannot_be_taken(table: Table, time: Time) -> None:
    with pytest.raises(NotTaken) as refused:
        AnswerLog(table, time).take("nothing")
    assert refused.value.reason == "missing"


def test_a_released_lease_can_be_taken_at_once(table: Table, time: Time) -> None:
    log = AnswerLog(table, time)
    lease = log.take(ask(table, time).answer_id)
    log.release(lease)
    assert log.take(lease.answer_id).epoch == lease.epoch + 1


def test_a_resume_replays_exactly_what_was_missed(table: Table, time: Time) -> None:
    log, asking = AnswerLog(table, time), Asking(table, time)
    asked = ask(table, time)
    lease = log.take(asked.answer_id)
    log.flush(lease, 1, [SOURCE])
    for seq, text in enumerate(["Twenty ", "years ", "from COD."], start=2):
        flushed = log.flush(lease, seq, text)
    assert flushed.subscribers == {"conn-1"}
    header = asking.subscribe(ANN, asked.answer_id, "conn-2")
    assert header.subscribers == {"conn-1", "conn-2"}
    [page] = replay(table, header, epoch=lease.epoch, after_seq=2)
    assert isinstance(page, Snapshot)
    assert (page.from_seq, page.to_seq, page.text) == (3, 4, "years from COD.")
    log.finish(lease, finished(lease, "Twenty years from COD.", 4))
    header = asking.subscribe(ANN, asked.answer_id, "conn-2")
    events = replay(table, header, epoch=0, after_seq=0)
    transcript = Transcript(asked.answer_id)
    outcomes = [transcript.apply(event) for event in events]
    assert outcomes[-1] == "ended"
    assert transcript.text == "Twenty years from COD."
    assert transcript.sources == [SOURCE]


def test_long_answers_are_replayed_in_pages_below_the_frame_limit(table: Table, time: Time) -> None:
    log = AnswerLog(table, time)
    lease = log.take(ask(table, time).answer_id)
    texts = [f"{n:04d}" + "é" * 2_000 for n in range(30)]
    for seq, text in enumerate(texts, start=1):
        log.flush(lease, seq, text)
    header = Asking(table, time).subscribe(ANN, lease.answer_id, "conn-2")
    pages = replay(table, header, epoch=lease.epoch, after_seq=0)
    transcript = Transcript(lease.answer_id)
    for page in pages:
        assert isinstance(page, Snapshot)
        assert len(page.text.encode()) <= 24 * 1024
        transcript.apply(page)
    assert transcript.text == "".join(texts)
    assert [p.more for p in pages if isinstance(p, Snapshot)] == [True] * (len(pages) - 1) + [False]


def test_a_restart_begins_a_new_epoch_from_nothing(table: Table, time: Time) -> None:
    log = AnswerLog(table, time)
    lease = log.take(ask(table, time).answer_id)
    log.flush(lease, 1, "half an ans")
    again = log.restart(lease)
    log.flush(again, 1, "whole")
    header = Asking(table, time).subscribe(ANN, lease.answer_id, "conn-2")
    [page] = replay(table, header, epoch=lease.epoch, after_seq=1)
    assert isinstance(page, Snapshot)
    assert (page.epoch, page.from_seq, page.text) == (again.epoch, 1, "whole")


def test_a_stop_reaches_the_worker_with_its_next_flush(table: Table, time: Time) -> None:
    log, stopping = AnswerLog(table, time), Stopping(table, time)
    lease = log.take(ask(table, time).answer_id)
    assert not log.flush(lease, 1, "One ").cancelled
    _, ended = stopping.cancel(ANN, lease.answer_id)
    assert ended is None
    assert log.flush(lease, 2, "two").cancelled


def test_a_stop_of_an_answer_that_nobody_writes_ends_it(table: Table, time: Time) -> None:
    log, stopping = AnswerLog(table, time), Stopping(table, time)
    asked = ask(table, time)
    _, ended = stopping.cancel(ANN, asked.answer_id)
    assert isinstance(ended, End)
    assert (ended.state, ended.last_seq) == ("cancelled", 0)
    with pytest.raises(NotTaken):
        log.take(asked.answer_id)
    assert stopping.cancel(ANN, asked.answer_id)[1] == ended  # stopping twice says the same
    ask(table, time, client_msg_id="m2", conversation_id=asked.conversation_id)  # not busy


def test_a_dead_letter_ends_the_answer_and_keeps_what_was_written(table: Table, time: Time) -> None:
    log, stopping = AnswerLog(table, time), Stopping(table, time)
    lease = log.take(ask(table, time).answer_id)
    log.flush(lease, 1, "half")
    error = ErrorInfo(code="failed", message="Ask again.", retryable=True)
    with pytest.raises(NotTaken):
        stopping.fail(lease.answer_id, error)  # its worker is alive
    time.now += LEASE_S + 1
    result = stopping.fail(lease.answer_id, error)
    assert result is not None
    header, end = result
    assert header.subscribers == {"conn-1"}
    assert (end.state, end.error, end.last_seq) == ("error", error, 1)
    transcript = Transcript(lease.answer_id)
    transcript.apply(Delta(answer_id=lease.answer_id, epoch=lease.epoch, seq=1, text="half"))
    assert transcript.apply(end) == "ended"
    assert stopping.fail(lease.answer_id, error) is None  # the consumer ran twice


def test_an_orphaned_answer_is_enqueued_again_but_not_by_every_watchdog(
    table: Table, time: Time
) -> None:
    log, asking = AnswerLog(table, time), Asking(table, time)
    lease = log.take(ask(table, time).answer_id)
    live = asking.subscribe(ANN, lease.answer_id, "conn-1")
    assert not log.claim_enqueue(live)
    time.now += LEASE_S + 1
    assert log.claim_enqueue(live)
    time.now += 5
    assert not log.claim_enqueue(live)


def test_an_answer_ends_even_when_its_conversation_was_deleted(table: Table, time: Time) -> None:
    log = AnswerLog(table, time)
    asked = ask(table, time)
    lease = log.take(asked.answer_id)
    table.client.delete_item(
        TableName="copilot",
        Key={"PK": {"S": f"T#default#CONV#{asked.conversation_id}"}, "SK": {"S": "META"}},
    )
    end, _ = log.finish(lease, finished(lease, "", 0))
    assert end.state == "done"


def test_expired_rows_are_treated_as_gone_before_the_database_deletes_them(
    table: Table, time: Time
) -> None:
    asked = ask(table, time)
    time.now += 8 * 86_400
    with pytest.raises(UnknownAnswer):
        Asking(table, time).subscribe(ANN, asked.answer_id, "conn-2")
    with pytest.raises(NotTaken):
        AnswerLog(table, time).take(asked.answer_id)
