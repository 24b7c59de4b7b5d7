"""Evidence is weighed by meaning and by words; without it the answer says so."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inference.grounding.evidence import Strength, abstention, is_enough, nearest, strength
from inference.ports import Passage
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


def chance(question: str, *found: Passage) -> float:
    return strength(question, found).chance


def test_a_year_or_a_name_that_the_best_passage_lacks_speaks_against_an_answer() -> None:
    report = a_passage(1, title="Report 2024", text="Aldane made 444 GWh.", dense=0.6)
    asked = "What did Aldane make in 2024?"
    assert strength(asked, [report]).numbers == strength(asked, [report]).names == 0.0
    assert chance("What did Aldane make in 2019?", report) < chance(asked, report) - 0.3
    assert chance("What did Sunmere make in 2024?", report) < chance(asked, report)


def test_a_passage_that_stands_out_speaks_for_an_answer() -> None:
    best = a_passage(1, dense=0.6, lexical=9.0)
    far = [a_passage(n, dense=0.2, lexical=1.0) for n in (2, 3, 4)]
    near = [a_passage(n, dense=0.58, lexical=8.5) for n in (2, 3, 4)]
    assert chance(FEE, best, *far) > chance(FEE, best, *near)


def test_units_and_the_first_word_are_no_names() -> None:
    assert strength("Which MW does RS-1 allow?", [a_passage(1, text="x", title="y")]).names == 0


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=8), st.text(max_size=40))
def test_the_chance_is_a_chance_whatever_is_found(cosines: list[float], question: str) -> None:
    found = [a_passage(n, dense=cosine) for n, cosine in enumerate(cosines, 1)]
    assert 0.0 <= chance(question, *found) <= 1.0


def test_an_abstention_offers_the_nearest_passages() -> None:
    offered = nearest(passages(8))
    text = abstention(offered)
    assert text.startswith("The documents do not say")
    assert [f"[{n}]" in text for n in (1, 2, 3, 4)] == [True, True, True, False]
