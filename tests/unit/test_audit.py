"""The audit trail: every answer once, never written over, without a word of what was said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from copilot.answer_log.answers import AnswerLog, Lease
from copilot.answer_log.asking import Asking
from copilot.answer_log.audit import audit_pk
from copilot.answer_log.ending import Ending
from copilot.answer_log.forgetting import Forgetting
from copilot.answer_log.header import Fenced
from copilot.answer_log.question import NewQuestion
from copilot.answer_log.receipts import DAY_S, day_of
from copilot.answer_log.stopping import Stopping
from copilot.identity import Identity
from copilot.table import Table, decode, encode, key
from copilot.wire import CacheReceipt, Citation, ErrorInfo, Receipt, Source, Tokens
from tests.conftest import Time

ANN = Identity(tenant="acme", user="ann", groups=("public", "contracts"))
SECURITY = Path(__file__).resolve().parents[2] / "docs" / "security.md"
SOURCES = [
    Source(
        id=str(n), title="PPA", snippet="A secret.", score=1.0, document="a.md", chunk_id=f"c{n}"
    )
    for n in (1, 2)
]


def take(table: Table, time: Time) -> Lease:
    """A question of Ann's, taken by a worker that has shown its sources."""
    asked = Asking(table, time).ask(
        NewQuestion(
            identity=ANN,
            connection_id="c",
            client_msg_id="m1",
            text="What is the secret?",
            credential="key:ci",
        )
    )
    time.now += 2
    log = AnswerLog(table, time)
    lease = log.take(asked.answer_id)
    log.flush(lease, 1, SOURCES)
    return lease


def ending() -> Ending:
    return Ending(
        state="done",
        finish_reason="stop",
        last_seq=1,
        text="The secret is told [1].",
        sources=SOURCES,
        citations=[
            Citation(
                source_id="1",
                document="a.md",
                chunk_id="c1",
                at=20,
                quote="A secret.",
                start=0,
                end=9,
            )
        ],
        receipt=Receipt(
            model="gpt-4o-mini",
            corpus_version="v1",
            cache=CacheReceipt(decision="miss"),
            stages=[],
            tokens=Tokens(prompt=100, completion=20),
            first_token_ms=1.0,
            total_ms=2.0,
            cost_usd=0.002,
        ),
    )


def trail(table: Table, day: str) -> list[dict[str, Any]]:
    """The rows that the documented query gives."""
    answer = table.client.query(
        TableName=table.name,
        KeyConditionExpression="PK = :day",
        ExpressionAttributeValues={":day": {"S": audit_pk("acme", day)}},
    )
    return [decode(item) for item in answer["Items"]]


def test_a_row_says_who_was_shown_what_when_and_at_which_cost(table: Table, time: Time) -> None:
    day, began = day_of(time.now), int(time.now)
    lease = take(table, time)
    AnswerLog(table, time, retention_s=DAY_S, audit_s=400 * DAY_S).finish(lease, ending())
    (row,) = trail(table, day)
    assert row == {
        "PK": f"AUDIT#acme#{day}",
        "SK": lease.answer_id,
        "tenant": "acme",
        "user": "ann",
        "groups": ["public", "contracts"],
        "credential": "key:ci",
        "conversation_id": lease.header.conversation_id,
        "asked_at": began,
        "ended_at": began + 2,
        "attempts": 1,
        "epoch": 1,
        "state": "done",
        "finish_reason": "stop",
        "chunk_ids": ["c1", "c2"],
        "cited_chunk_ids": ["c1"],
        "model": "gpt-4o-mini",
        "corpus_version": "v1",
        "cache": "miss",
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "cost_usd": 0.002,
        "ttl": began + 2 + 400 * DAY_S,
    }
    assert "secret" not in repr(row)


@pytest.mark.parametrize("how", ["cancel", "fail"])
def test_an_answer_without_an_end_of_its_own_is_in_the_trail_too(
    how: str, table: Table, time: Time
) -> None:
    lease = take(table, time)
    AnswerLog(table, time).release(lease)
    time.now += 1
    if how == "cancel":
        Stopping(table, time).cancel(ANN, lease.answer_id)
    else:
        error = ErrorInfo(code="answer_failed", message="It failed.", retryable=True)
        Stopping(table, time).fail(lease.answer_id, error)
    (row,) = trail(table, day_of(time.now))
    assert row["state"] == ("cancelled" if how == "cancel" else "error")
    assert (row["chunk_ids"], row["credential"]) == (["c1", "c2"], "key:ci")


def test_a_row_that_is_there_is_never_written_over(table: Table, time: Time) -> None:
    lease, day = take(table, time), day_of(time.now)
    planted = {"PK": audit_pk("acme", day), "SK": lease.answer_id, "user": "nobody"}
    table.client.put_item(TableName=table.name, Item=encode(planted))
    end, _ = AnswerLog(table, time).finish(lease, ending())
    assert trail(table, day) == [planted]
    assert AnswerLog(table, time).end_of(lease.answer_id, "acme") == end, "the person still hears"
    stored = table.client.query(
        TableName=table.name,
        KeyConditionExpression="PK = :c",
        ExpressionAttributeValues={
            ":c": {"S": f"T#acme#CONV#{lease.header.conversation_id}"},
        },
    )
    assert "The secret is told" in repr(stored["Items"])


def test_the_write_itself_refuses_to_replace(table: Table, time: Time) -> None:
    from copilot.answer_log.audit import audit_put

    lease = take(table, time)
    put = audit_put(table.name, lease.header, None, [], time.now, DAY_S)["Put"]
    table.client.put_item(**put)
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        table.client.put_item(**put)


def test_the_end_of_an_answer_whose_conversation_is_gone_is_in_the_trail(
    table: Table, time: Time
) -> None:
    lease, day = take(table, time), day_of(time.now)
    pk = f"T#acme#CONV#{lease.header.conversation_id}"
    table.client.delete_item(TableName=table.name, Key=key(pk, "META"))
    AnswerLog(table, time).finish(lease, ending())
    assert [row["state"] for row in trail(table, day)] == ["done"]


def test_nobody_leaves_the_trail_by_having_everything_deleted(table: Table, time: Time) -> None:
    lease, day = take(table, time), day_of(time.now)
    Forgetting(table, time, retention_s=30 * DAY_S, audit_s=400 * DAY_S).forget(ANN)
    with pytest.raises(Fenced):
        AnswerLog(table, time).finish(lease, ending())
    (row,) = trail(table, day)
    assert (row["state"], row["user"], row["chunk_ids"]) == ("erased", "ann", ["c1", "c2"])
    left = table.client.scan(TableName=table.name)["Items"]
    assert "secret" not in repr(left)


def test_the_documented_query_asks_for_the_rows_that_are_written() -> None:
    text = SECURITY.read_text()
    assert '"PK = :day"' in text
    (asked,) = re.findall(r'\{":day":\{"S":"([^"]+)"\}\}', text)
    assert asked == audit_pk("acme", "2026-11-21")
