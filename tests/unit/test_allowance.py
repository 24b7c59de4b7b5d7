"""Limits of persons and tenants: what is counted, when it is given back, and when to come again."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from moto import mock_aws

from copilot.access.allowance import SLOT_RETRY_MS, SLOT_S, Allowance, RateLimited, Usage
from copilot.answer_log.answers import AnswerLog
from copilot.answer_log.asking import Asking
from copilot.answer_log.ending import Ending
from copilot.answer_log.question import Asked, NewQuestion
from copilot.answer_log.stopping import Stopping
from copilot.identity import Identity
from copilot.table import Table
from copilot.wire import CacheReceipt, ErrorInfo, Receipt, Tokens
from tests.conftest import REGION, Time, create_table

ANN = Identity(tenant="acme", user="ann")
BOB = Identity(tenant="acme", user="bob")
EVE = Identity(tenant="other", user="ann")
FAILED = ErrorInfo(code="internal", message="It failed.", retryable=True)


def ask(asking: Asking, who: Identity, name: str) -> Asked:
    return asking.ask(
        NewQuestion(identity=who, connection_id="c", client_msg_id=name, text="How long?")
    )


def finish(table: Table, time: Time, answer_id: str, tokens: int = 120) -> None:
    log = AnswerLog(table, time)
    ending = Ending(
        state="done", finish_reason="stop", last_seq=0, text="", receipt=receipt(tokens)
    )
    log.finish(log.take(answer_id), ending)


def receipt(tokens: int) -> Receipt:
    return Receipt(
        model="m",
        corpus_version="v",
        cache=CacheReceipt(decision="miss"),
        stages=[],
        tokens=Tokens(prompt=tokens - 20, completion=20),
        first_token_ms=1.0,
        total_ms=2.0,
    )


def limited(table: Table, time: Time, **limits: int) -> Asking:
    return Asking(table, time, questions_per_minute=10_000, allowance=Allowance(**limits))


def test_a_persons_tokens_end_with_the_day(table: Table, time: Time) -> None:
    asking = limited(table, time, tokens_per_day=100)
    finish(table, time, ask(asking, ANN, "1").answer_id)
    with pytest.raises(RateLimited) as caught:
        ask(asking, ANN, "2")
    ask(asking, BOB, "2")
    time.now += caught.value.retry_after_ms / 1000
    ask(asking, ANN, "3")


def test_a_tenants_tokens_are_everybodys_in_it_and_nobody_elses(table: Table, time: Time) -> None:
    asking = limited(table, time, tenant_tokens_per_day=200)
    for number, who in enumerate((ANN, BOB)):
        finish(table, time, ask(asking, who, str(number)).answer_id)
    with pytest.raises(RateLimited):
        ask(asking, ANN, "more")
    ask(asking, EVE, "more")


def test_a_tenants_questions_a_minute_are_limited_and_come_back(table: Table, time: Time) -> None:
    asking = limited(table, time, tenant_questions_per_minute=2)
    ask(asking, ANN, "1")
    ask(asking, BOB, "1")
    with pytest.raises(RateLimited) as caught:
        ask(asking, BOB, "2")
    ask(asking, EVE, "1")
    assert 0 < caught.value.retry_after_ms <= 60_001
    time.now += caught.value.retry_after_ms / 1000
    ask(asking, BOB, "2")


@pytest.mark.parametrize("ending", ["finish", "cancel", "fail", "crash"])
def test_a_slot_is_given_back_however_the_answer_ends(
    ending: str, table: Table, time: Time
) -> None:
    asking = limited(table, time, answers_at_once=1)
    answer_id = ask(asking, ANN, "1").answer_id
    with pytest.raises(RateLimited) as caught:
        ask(asking, ANN, "2")
    assert caught.value.retry_after_ms == SLOT_RETRY_MS
    match ending:
        case "finish":
            finish(table, time, answer_id)
        case "cancel":
            Stopping(table, time).cancel(ANN, answer_id)
        case "fail":
            Stopping(table, time).fail(answer_id, FAILED)
        case _:
            time.now += SLOT_S + 1
    ask(asking, ANN, "2")


def test_a_tenants_slots_hold_for_all_of_it(table: Table, time: Time) -> None:
    asking = limited(table, time, tenant_answers_at_once=2)
    ask(asking, ANN, "1")
    ask(asking, BOB, "1")
    with pytest.raises(RateLimited):
        ask(asking, BOB, "2")
    ask(asking, EVE, "1")


def test_a_name_that_begins_like_anothers_has_slots_of_its_own(table: Table, time: Time) -> None:
    asking = limited(table, time, answers_at_once=1)
    ask(asking, Identity(tenant="acme", user="ann-x"), "1")
    ask(asking, ANN, "1")


def test_a_repeated_question_is_no_new_one(table: Table, time: Time) -> None:
    asking = limited(table, time, answers_at_once=1)
    first = ask(asking, ANN, "1")
    assert ask(asking, ANN, "1").answer_id == first.answer_id


@pytest.mark.parametrize("operation", ["UpdateItem", "GetItem"])
def test_an_ended_answer_is_pushed_though_its_tokens_cannot_be_counted(
    operation: str, table: Table, time: Time
) -> None:
    """All that follows the transaction of the end fails: the person hears of the end still."""
    answer_id = ask(limited(table, time, tokens_per_day=100), ANN, "1").answer_id
    lease = AnswerLog(table, time).take(answer_id)

    def refuse(model: Any, **_: Any) -> None:
        code = {"Code": "ProvisionedThroughputExceededException", "Message": "no"}
        raise ClientError({"Error": code}, model.name)  # type: ignore[typeddict-item]

    table.client.meta.events.register(f"before-call.dynamodb.{operation}", refuse)
    ending = Ending(
        state="done", finish_reason="stop", last_seq=0, text="", receipt=receipt(tokens=120)
    )
    end, flushed = AnswerLog(table, time).finish(lease, ending)
    table.client.meta.events.unregister(f"before-call.dynamodb.{operation}", refuse)
    assert end.state == "done"
    assert flushed.subscribers == {"c"}
    assert Usage(table, time).tokens(ANN) == (0 if operation == "UpdateItem" else 120)
    assert AnswerLog(table, time).end_of(answer_id, "acme") == end


def test_without_limits_nothing_is_counted(table: Table, time: Time) -> None:
    finish(table, time, ask(Asking(table, time), ANN, "1").answer_id)
    pages = boto3.client("dynamodb").scan(TableName=table.name)["Items"]
    kinds = {item["PK"]["S"].split("#")[0] for item in pages}
    assert not kinds & {"SLOT", "TOKENS", "RLT"}


class Accounting(RuleBasedStateMachine):
    """Any order of asking and ending: the counters equal what is open and what was used."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            self.patch.setenv(name, "test")
        self.patch.setenv("AWS_DEFAULT_REGION", REGION)
        self.aws = mock_aws()
        self.aws.start()
        self.table, self.time = create_table(), Time()
        self.asking = limited(self.table, self.time, answers_at_once=2, tenant_answers_at_once=3)
        self.open: dict[str, Identity] = {}
        self.used: dict[Identity, int] = dict.fromkeys((ANN, BOB, EVE), 0)
        self.number = 0

    def teardown(self) -> None:
        self.aws.stop()
        self.patch.undo()

    def busy(self, *people: Identity) -> int:
        return sum(who in people for who in self.open.values())

    @rule(who=st.sampled_from([ANN, BOB, EVE]))
    def asks(self, who: Identity) -> None:
        self.number += 1
        tenant = (EVE,) if who is EVE else (ANN, BOB)
        full = self.busy(who) >= 2 or self.busy(*tenant) >= 3
        try:
            self.open[ask(self.asking, who, str(self.number)).answer_id] = who
        except RateLimited:
            assert full
        else:
            assert not full

    @precondition(lambda self: self.open)
    @rule(number=st.integers(0, 9), how=st.sampled_from(["finish", "cancel", "fail"]))
    def ends(self, number: int, how: str) -> None:
        answer_id = sorted(self.open)[number % len(self.open)]
        who = self.open.pop(answer_id)
        if how == "finish":
            finish(self.table, self.time, answer_id, tokens=30 + number)
            self.used[who] += 30 + number
        elif how == "cancel":
            Stopping(self.table, self.time).cancel(who, answer_id)
        else:
            Stopping(self.table, self.time).fail(answer_id, FAILED)

    @invariant()
    def counts_are_exact(self) -> None:
        usage = Usage(self.table, self.time)
        for who in (ANN, BOB, EVE):
            assert usage.answers(who) == self.busy(who)
            assert usage.tokens(who) == self.used[who]
        assert usage.tokens(ANN, whole_tenant=True) == self.used[ANN] + self.used[BOB]
        assert usage.answers(BOB, whole_tenant=True) == self.busy(ANN, BOB)


TestAccounting = Accounting.TestCase
TestAccounting.settings = settings(
    max_examples=10,
    stateful_step_count=15,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
