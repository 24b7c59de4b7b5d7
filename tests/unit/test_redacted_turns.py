"""Personal data on its way through the product: questions, answers, and what is kept of them."""

from __future__ import annotations

import pytest

from copilot.answer_log.answers import AnswerLog
from copilot.answer_log.asking import Asking
from copilot.answer_log.question import NewQuestion
from copilot.configuration import SettingsError, Values
from copilot.identity import Identity
from copilot.redaction.settings import REDACT, redacted_kinds
from copilot.table import Table
from inference.answering.turn import Limits
from inference.ports import TextDelta
from tests.conftest import Time
from tests.fakes import FakeCache, FakeModel, stop_after
from tests.unit.test_turn import a_question, end_of, events_of, parts_of, text_of

CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize("cut", range(0, len(CARD) + 1, 3))
def test_no_delta_of_an_answer_holds_a_card_number(cut: int) -> None:
    model = FakeModel(stop_after("Pay with ", CARD[:cut], CARD[cut:], " today [1]."))
    events = events_of(a_question(), parts_of(model))
    deltas = [event.text for event in events if isinstance(event, TextDelta)]
    assert "".join(deltas) == "Pay with ‹card number› today [1]."
    assert end_of(events).citations[0].at == len("Pay with ‹card number› today ")


@pytest.mark.parametrize(("redacted", "kept"), [((), 1), (("email",), 0)])
def test_an_answer_that_was_redacted_is_not_cached(redacted: tuple[str, ...], kept: int) -> None:
    cache = FakeCache()
    answer = "The annual fee is 1,250 EUR [1]. Write to a@example.org."
    events_of(
        a_question(),
        parts_of(FakeModel(stop_after(answer)), cache=cache),
        limits=Limits(redacted=redacted),
    )
    assert len(cache.entries) == kept


@pytest.mark.parametrize(("who", "kept"), [("Alder", 1), ("‹card number›", 0)])
def test_a_question_that_was_redacted_is_not_cached(who: str, kept: int) -> None:
    cache = FakeCache()
    parts = parts_of(FakeModel(stop_after("The annual fee is 1,250 EUR [1].")), cache=cache)
    events_of(a_question(f"What is the annual fee of {who}?"), parts)
    assert len(cache.entries) == kept


def test_what_the_owner_lets_through_stays() -> None:
    model = FakeModel(stop_after("Write to desk@example.org [1]."))
    events = events_of(a_question(), parts_of(model), limits=Limits(redacted=("card",)))
    assert text_of(events) == "Write to desk@example.org [1]."


def test_a_question_is_redacted_before_it_is_stored(table: Table, time: Time) -> None:
    asker = Identity(tenant="default", user="ann")
    asking = Asking(table, time, redacted=("card", "email"))
    asked = asking.ask(
        NewQuestion(
            identity=asker,
            connection_id="c",
            client_msg_id="m",
            text=f"Was {CARD} charged? Tell ann@example.org.",
        )
    )
    items = table.client.scan(TableName=table.name)["Items"]
    assert "4111" not in str(items)
    assert "ann@example.org" not in str(items)
    lease = AnswerLog(table, time, retention_s=60).take(asked.answer_id)
    assert lease.question.text == "Was ‹card number› charged? Tell ‹e-mail address›."


def test_the_setting_names_kinds_or_none() -> None:
    assert redacted_kinds(Values((REDACT,), {})) == ("email", "iban", "card", "ssn", "phone")
    assert redacted_kinds(Values((REDACT,), {"REDACT": "none"})) == ()
    assert redacted_kinds(Values((REDACT,), {"REDACT": "card, ssn"})) == ("card", "ssn")
    with pytest.raises(SettingsError, match="passport"):
        redacted_kinds(Values((REDACT,), {"REDACT": "passport"}))
