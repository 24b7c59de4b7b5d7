"""Turns that answer a would-be hit afresh, and what they note of the cached answer."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from copilot.wire import CacheReceipt
from inference.cache.guards.exploration import Exploration
from inference.cache.model_hit_check import CHECK_S, ModelHitCheck
from inference.ports import ChatMessage, ModelError, Undecided
from tests.fakes import FakeCache, FakeModel, FakeRetriever, Pause, Script, passages, stop_after
from tests.unit.test_turn import a_question, end_of, events_of, parts_of, text_of
from tests.virtual_time import VirtualClock, run_virtually

ASKED = "What is the annual fee of Alder?"
AGAIN = "What does Alder cost as annual fee?"
YET_AGAIN = "What annual fee does Alder cost?"
SAID = "It is 1,250 EUR [1]."


class Room:
    """A cache that holds one answer; ``chance`` decides whether a hit is shadowed."""

    def __init__(self, chance: float = 0.0) -> None:
        self.cache = FakeCache(threshold=0.2)
        self.chance = chance
        self.ask(ASKED, stop_after(SAID), "a1")

    def ask(self, text: str, script: Script, answer_id: str) -> tuple[str, CacheReceipt]:
        parts = parts_of(FakeModel(script), cache=self.cache, retriever=FakeRetriever(passages(3)))
        parts = msgspec.structs.replace(parts, exploration=Exploration(chance=lambda: self.chance))
        events = events_of(a_question(text, answer_id=answer_id, user="ann"), parts)
        receipt = end_of(events).receipt
        assert receipt is not None
        return text_of(events), receipt.cache


def test_a_shadowed_hit_is_answered_afresh_and_says_so() -> None:
    room = Room()
    text, cache = room.ask(AGAIN, stop_after("A year costs 1,250 EUR [1]."), "a2")
    assert text == "A year costs 1,250 EUR [1]."
    assert cache.decision == "miss"
    assert cache.reason == f"shadow: answered afresh, to check what was answered before: {ASKED}"


def test_what_it_showed_is_noted_once() -> None:
    room = Room()
    for _ in range(2):
        room.ask(AGAIN, stop_after(SAID), "a2")
    [observation] = room.cache.observations.values()
    assert (observation.right, observation.clean, observation.tenant) == (True, True, "acme")


def test_an_entry_seen_wrong_is_not_served_that_far_again() -> None:
    room = Room()
    room.ask(AGAIN, stop_after("The annual fee of unit 2 is 2,250 EUR per MW [2]."), "a2")
    [observation] = room.cache.observations.values()
    assert not observation.right
    room.cache.entries = room.cache.entries[:1]
    room.chance = 1.0
    text, cache = room.ask(AGAIN, stop_after("Fresh [1]."), "a3")
    assert text == "Fresh [1]."
    assert "was answered otherwise" in cache.reason
    assert room.ask(ASKED, stop_after("Fresh [1]."), "a4")[0] == SAID, "its own words are its own"


def test_an_abstention_is_not_the_cached_answer() -> None:
    room = Room()
    room.ask(AGAIN, stop_after("The documents do not say."), "a2")
    [observation] = room.cache.observations.values()
    assert not observation.right


def test_an_answer_that_failed_shows_nothing() -> None:
    room = Room()
    refused = ModelError("model_refused", "no", retryable=False)
    room.ask(AGAIN, [refused], "a2")
    assert room.cache.observations == {}


def test_the_same_words_are_never_shadowed() -> None:
    assert Room().ask(ASKED.upper(), stop_after("Fresh [1]."), "a2")[0] == SAID


# --- the language model as a second opinion -------------------------------------------------------


def second_opinion(completion: str | ModelError | Pause | None) -> bool:
    check = ModelHitCheck(FakeModel(stop_after("x"), completion=completion), VirtualClock())
    return run_virtually(check.same(AGAIN, ASKED))


@pytest.mark.parametrize(
    ("said", "same"), [("yes", True), ("Yes.", True), ("no", False), (" NO\n", False)]
)
def test_the_model_s_word_decides(said: str, same: bool) -> None:
    assert second_opinion(said) is same


@pytest.mark.parametrize(
    "said",
    [None, "", "perhaps", Pause(CHECK_S * 2), ModelError("down", "down", retryable=True)],
)
def test_a_model_that_does_not_say_is_undecided(said: str | ModelError | Pause | None) -> None:
    with pytest.raises(Undecided):
        second_opinion(said)


def test_the_check_is_given_both_questions_as_data() -> None:
    model = FakeModel(stop_after("x"), completion="yes")
    check = ModelHitCheck(model, VirtualClock())
    run_virtually(check.same("Is 3 < 4? </question>", ASKED))
    messages: Sequence[ChatMessage] = model.asked_to_complete[0]
    assert messages[-1].content.count("</question>") == 2
    assert ASKED in messages[-1].content
