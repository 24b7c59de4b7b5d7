"""A turn and the semantic cache: what is served, and what the receipt says of it."""

from __future__ import annotations

import pytest

from copilot.wire import CacheReceipt
from inference.ports import Passage
from tests.fakes import FakeCache, FakeModel, FakeRetriever, a_passage, passages, stop_after
from tests.unit.test_turn import a_question, end_of, events_of, parts_of, text_of

ASKED = "What is the annual fee of Alder?"
AGAIN = "What does Alder cost as annual fee?"


def asked_again(
    second: str, found: list[Passage] | None = None, *, by: str = "ann"
) -> tuple[str, CacheReceipt]:
    """Ann asks one question, then ``by`` asks ``second`` (which finds ``found``): its text and its
    receipt."""
    cache = FakeCache(threshold=0.2)
    retriever = FakeRetriever(passages(3))
    model = FakeModel(stop_after("It is 1,250 EUR [1]."), stop_after("Something else [2]."))
    parts = parts_of(model, cache=cache, retriever=retriever)
    events_of(a_question(ASKED, user="ann"), parts)
    retriever.found = passages(3) if found is None else found
    events = events_of(a_question(second, user=by), parts)
    receipt = end_of(events).receipt
    assert receipt is not None
    return text_of(events), receipt.cache


def test_another_wording_is_served_and_the_receipt_names_the_question() -> None:
    text, cache = asked_again(AGAIN)
    assert text == "It is 1,250 EUR [1]."
    assert (cache.decision, cache.reason) == ("hit", f"answered before: {ASKED}")


def test_the_same_words_are_served_whatever_their_case() -> None:
    _, cache = asked_again("what is the annual fee of alder")
    assert (cache.decision, cache.reason) == ("hit", f"asked before: {ASKED}")


def test_a_veto_makes_a_miss_and_the_receipt_says_which() -> None:
    text, cache = asked_again("What is the annual fee of Birch?")
    assert text == "Something else [2]."
    assert cache.decision == "miss"
    assert cache.reason == f"another name: birch instead of alder (nearest: {ASKED})"
    assert cache.score is not None


def test_a_question_that_finds_other_sources_is_answered_anew() -> None:
    text, cache = asked_again(AGAIN, [a_passage(8), a_passage(9)])
    assert text == "Something else [2]."
    assert cache.decision == "miss"
    assert "its sources are not what this question finds" in cache.reason


@pytest.mark.parametrize(
    ("second", "found", "decision", "reason"),
    [
        (AGAIN, None, "hit", "answered before"),
        ("what is the annual fee of alder", None, "hit", "asked before"),
        ("What is the annual fee of Birch?", None, "miss", "another name"),
        (AGAIN, [8, 9], "miss", "its sources are not what this question finds"),
    ],
)
def test_a_receipt_tells_nobody_what_somebody_else_asked(
    second: str, found: list[int] | None, decision: str, reason: str
) -> None:
    passages_now = None if found is None else [a_passage(number) for number in found]
    _, cache = asked_again(second, passages_now, by="bob")
    assert (cache.decision, cache.reason) == (decision, reason)
