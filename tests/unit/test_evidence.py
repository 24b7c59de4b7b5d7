"""Evidence is weighed by meaning and by words; without it the answer says so."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inference.evidence import Strength, abstention, is_enough, nearest, strength
from tests.fakes import a_passage, passages

FEE = "What is the annual fee of unit 1?"


def test_a_near_passage_is_enough_and_a_far_one_is_not() -> None:
    assert is_enough(FEE, [a_passage(1, dense=0.6)])
    assert not is_enough("Who won the cup final in 1998?", [a_passage(1, dense=0.1)])


def test_no_passage_is_never_enough() -> None:
    assert not is_enough(FEE, [])


def test_a_few_shared_words_without_meaning_are_not_enough() -> None:
    assert not is_enough("How do I pay a card fee in March?", [a_passage(1, dense=0.05)])


def test_words_may_stand_in_the_title_or_section() -> None:
    titled = a_passage(1, title="Harrow Ridge", section="Lightning", dense=0.3)
    assert strength("lightning at Harrow Ridge?", [titled]).coverage == 1.0


@given(
    cosine=st.floats(0, 1), coverage=st.floats(0, 1), more=st.floats(0, 1), further=st.floats(0, 1)
)
def test_more_evidence_never_lowers_the_chance(
    cosine: float, coverage: float, more: float, further: float
) -> None:
    held = Strength(cosine, coverage).chance
    assert Strength(min(1, cosine + more), min(1, coverage + further)).chance >= held


def test_an_abstention_offers_the_nearest_passages() -> None:
    offered = nearest(passages(8))
    text = abstention(offered)
    assert text.startswith("The documents do not say")
    assert [f"[{n}]" in text for n in (1, 2, 3, 4)] == [True, True, True, False]
