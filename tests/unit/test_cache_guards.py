"""What keeps the answer to one question from being served to another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from inference.cache.guards.agreement import cited_chunks, is_found_again
from inference.cache.guards.decide import choose, veto
from inference.cache.guards.facts import Fact, facts, mentioned_units
from inference.cache.guards.question_type import wanted
from inference.cache.guards.reading import normalise, read
from inference.ports import CachedAnswer
from tests.fakes import a_passage, passages

SAME = [
    ("What's the annual fee?", "what is the annual fee"),
    ("Could you please tell me what the annual fee is?", "what the annual fee is"),
    ("Who can't bid?", "Who can not bid?"),
    ("What does 1,000 MW cost?", "What does 1000 MW cost"),
    ("How much does RS-2 cost?", "How much does RS2 cost?"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_form_alone_makes_no_other_question(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)
    assert veto(one, other) is None


PARAPHRASES = [
    ("What is the price of the Alder contract in 2024?", "How much did Alder cost in 2024?"),
    ("When does the Alder lease end?", "On what date does the Alder lease run out?"),
    ("What is the output of a 1 GW plant?", "How much does a plant of 1,000 MW produce?"),
    ("In 2024, what did the plant earn?", "What did the plant earn in 2024?"),
    ("How large is the deposit after two years?", "What deposit is due after 24 months?"),
    ("Did Alder pay Birch in 2024?", "Was Birch paid by Alder in 2024?"),
    ("How much power does the kiln need?", "What is the kiln's electricity demand?"),
    ("What is the organisation's fee?", "What is the fee of the organization?"),
]


@pytest.mark.parametrize(("one", "other"), PARAPHRASES)
def test_another_wording_of_the_same_question_is_served(one: str, other: str) -> None:
    assert veto(one, other) is None


EDITS = [
    ("figure", "What was the fee in 2023?", "What was the fee in 2024?"),
    ("figure", "Who signs above $5 million?", "Who signs above $5 billion?"),
    ("figure", "What is due in the second year?", "What is due in the third year?"),
    ("figure", "What happened on 3 March?", "What happened on 3 May?"),
    ("figure", "What is the fee?", "What is the fee in 2024?"),
    ("figure", "What applies at -5 degrees?", "What applies at 5 degrees?"),
    ("figure", "What was sold in Q1?", "What was sold in Q2?"),
    ("figure", "What runs from 16:00?", "What runs from 17:00?"),
    ("unit", "What is the price per MWh?", "What is the price per kWh?"),
    ("unit", "What is the yearly fee?", "What is the monthly fee?"),
    ("name", "What does Alder owe?", "What does Birch owe?"),
    ("name", "What is the LG-3 charge?", "What is the LG-4 charge?"),
    ("name", "What is the cap at Alder Creek?", "What is the cap?"),
    ("denies", "Which plants may bid?", "Which plants may not bid?"),
    ("denies", "Which losses are insured?", "Which losses aren't insured?"),
    ("denied", "Which hours are compensated?", "Which hours are uncompensated?"),
    ("instead", "What is the import limit?", "What is the export limit?"),
    ("instead", "What is the on-peak price?", "What is the off-peak price?"),
    ("instead", "How much onshore wind is built?", "How much offshore wind is built?"),
    ("instead", "What must the buyer show?", "What must the seller show?"),
    ("instead", "How fast does it charge?", "How fast does it discharge?"),
    ("instead", "What applies before the merger?", "What applies after the merger?"),
    ("instead", "What is the highest bid?", "What is the lowest bid?"),
    ("instead", "What does propane emit?", "What does butane emit?"),
    ("kind", "Why did the unit trip?", "When did the unit trip?"),
    ("kind", "How far is the site?", "How long is the site closed?"),
    ("roles", "What does Alder pay to Birch?", "What does Birch pay to Alder?"),
    ("roles", "Did Alder sue Birch?", "Did Birch sue Alder?"),
    ("roles", "Did Alder sue Birch?", "Was Alder sued by Birch?"),
    ("roles", "How many MJ are in one Btu?", "How many Btu are in one MJ?"),
    ("roles", "Did the audit start before the fire?", "Did the fire start before the audit?"),
    (
        "roles",
        "What applied between the audit and the fire, and was the audit earlier than the fire?",
        "What applied between the fire and the audit, and was the fire earlier than the audit?",
    ),
    ("same sentence", "What colour is the pipe?", "What colour is the valve?"),
]


@pytest.mark.parametrize(("word", "one", "other"), EDITS)
def test_a_small_difference_that_changes_the_answer_is_named(
    word: str, one: str, other: str
) -> None:
    assert word in (veto(one, other) or "nothing")
    assert veto(other, one) is not None


def test_figures_are_compared_in_base_units() -> None:
    assert facts(read("1,000 MW")) == facts(read("1 GW")) == {Fact(1000.0, "power")}
    assert facts(read("24 months")) == facts(read("two years"))
    assert facts(read("$3 million")) == facts(read("3,000,000 dollars")) == {Fact(3e6, "currency")}
    assert facts(read("5 %")) == facts(read("five percent"))
    assert facts(read("a second look at one plant")) == frozenset()
    assert facts(read("May I pay in March?")) == {Fact(3.0, "month")}
    assert mentioned_units(read("per megawatt-hour")) == mentioned_units(read("per MWh"))


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who pays?", "who"),
        ("Why is it closed?", "why"),
        ("When is it due?", "time"),
        ("On what date is it due?", "time"),
        ("How long does it take?", "duration"),
        ("How much is it?", "how much"),
        ("How do I apply?", "how"),
        ("Can I apply?", "ability"),
        ("Is it due?", "yes or no"),
        ("Which rate applies?", "what"),
        ("limits on exports", "open"),
    ],
)
def test_what_kind_of_answer_a_question_wants(question: str, kind: str) -> None:
    assert wanted(read(question)) == kind


ANY = st.text(
    st.sampled_from("abc ABC 0123456789 .,-$%?'not before MWh kWh the \u2212\u00b2\u00df\u0130\n"),
    max_size=60,
) | st.sampled_from([text for _, *pair in EDITS for text in pair])


@given(one=ANY, other=ANY)
def test_whatever_is_written_the_verdict_is_the_same_both_ways(one: str, other: str) -> None:
    assert veto(one, one) is None
    assert (veto(one, other) is None) == (veto(other, one) is None)


# --- choosing -------------------------------------------------------------------------------------


def cached(
    question: str, score: float = 0.9, *, text: str = "Yes [1].", first: int = 1
) -> CachedAnswer:
    given = [a_passage(number) for number in range(first, first + 3)]
    return CachedAnswer(question=question, text=text, passages=given, score=score)


def test_the_same_question_is_served_whatever_is_found_now() -> None:
    answer = cached("What is the annual fee?")
    verdict = choose("what's the annual fee", [answer], [])
    assert verdict.answer is answer
    assert verdict.reason == "asked before: What is the annual fee?"


def test_a_paraphrase_is_served_where_the_evidence_agrees() -> None:
    answer = cached("What is the annual fee of Alder?")
    asked = "How much does Alder cost per year?"
    verdict = choose(asked, [answer], passages(3))
    assert verdict.answer is answer
    assert verdict.reason == "answered before: What is the annual fee of Alder?"
    elsewhere = choose(asked, [answer], [a_passage(8), a_passage(9)])
    assert elsewhere.answer is None
    assert "its sources are not what this question finds" in elsewhere.reason


@pytest.mark.parametrize(
    ("text", "found", "agrees"),
    [
        ("[1]", [1, 9], True),
        ("[1] [2]", [1, 9], True),
        ("[1] [2] [3]", [1, 9], False),
        ("[1]", [9, 1], True),
        ("[1]", [9, 8, 1], False),
        ("[1]", [], False),
        ("Uncited.", [1], False),
    ],
)
def test_evidence_agrees_where_half_of_it_and_nothing_better_is_found(
    text: str, found: list[int], agrees: bool
) -> None:
    answer = cached("What is the fee?", text=text)
    assert is_found_again(answer, [a_passage(number) for number in found]) is agrees


def test_a_refused_neighbour_does_not_hide_the_right_one() -> None:
    wrong = cached("How much did Alder cost in 2023?", 0.95)
    right = cached("What was the price of Alder in 2024?", 0.88)
    verdict = choose("How much did Alder cost in 2024?", [wrong, right], passages(3))
    assert verdict.answer is right


def test_two_that_are_as_near_and_disagree_are_both_refused() -> None:
    one = cached("What is the fee of Alder?", 0.9)
    other = cached("What is the rebate at Alder?", 0.89, first=5)
    found = [*one.passages, *other.passages]
    verdict = choose("How much does Alder cost?", [one, other], found)
    assert verdict.answer is None
    assert "as near as" in verdict.reason
    farther = cached("What is the rebate at Alder?", 0.75, first=5)
    assert choose("How much does Alder cost?", [one, farther], found).answer is one


def test_a_rival_that_the_words_rule_out_has_no_say() -> None:
    right = cached("What was the price of Alder in 2024?", 0.88)
    other_year = cached("How much did Alder cost in 2023?", 0.9, first=5)
    found = [*right.passages, *other_year.passages]
    assert choose("How much did Alder cost in 2024?", [other_year, right], found).answer is right


def test_a_rival_is_outvoted_by_many_that_agree() -> None:
    rival = cached("What is the rebate at Alder?", 0.88, first=5)
    wordings = ("fee", "tariff", "rate", "charge")
    agreeing = [cached(f"What is the {word} of Alder?", 0.9) for word in wordings]
    asked = "How much is the Alder fee?"
    assert choose(asked, [*agreeing[:3], rival], agreeing[0].passages).answer is None
    assert choose(asked, [*agreeing, rival], agreeing[0].passages).answer is agreeing[0]


def test_below_the_threshold_nothing_is_served_but_the_same_question() -> None:
    answer = cached("What is the annual fee of Alder?", 0.74)
    verdict = choose("How much does Alder cost per year?", [answer], passages(3), least=0.75)
    assert verdict.answer is None
    assert verdict.reason == "no question that was answered before is near enough"
    assert choose("what is the annual fee of alder", [answer], [], least=0.75).answer is answer


def test_a_miss_names_the_veto_and_the_question() -> None:
    verdict = choose("What was due in 2024?", [cached("What was due in 2023?")], passages(3))
    assert verdict.answer is None
    assert verdict.reason == (
        "another figure: 2024 instead of 2023 (nearest: What was due in 2023?)"
    )
    assert choose("Anything?", [], []).reason == "no similar question was answered before"


THEIRS = [
    "What did Quillfern pay in 1987?",
    "What did Alder not pay Quillfern?",
    "What is the Quillfern rebate at Alder?",
    "Who at Quillfern raised the fee of Alder by 1987 kWh?",
    "Did Quillfern lower what Alder raised?",
    "What is the annual quillfern of Alder?",
    "What is the annual fee of Alder since 1987?",
]


@given(
    theirs=st.lists(st.sampled_from(THEIRS), min_size=1, max_size=3, unique=True),
    scores=st.lists(st.sampled_from([0.8, 0.88, 0.9, 0.97]), min_size=3, max_size=3),
    mine=st.sampled_from(["What is the annual fee of Alder?", "How much does Alder cost?"]),
    apart=st.integers(1, 5),
)
def test_no_reason_holds_a_word_of_somebody_elses_question(
    theirs: list[str], scores: list[float], mine: str, apart: int
) -> None:
    candidates = [
        replace(cached(asked, score, first=1 + at * apart), owner="ann")
        for at, (asked, score) in enumerate(zip(theirs, scores, strict=False))
    ]
    found = [passage for answer in candidates for passage in answer.passages]
    reason = choose(mine, candidates, found, asker="bob").reason.lower()
    assert "quillfern" not in reason
    assert "1987" not in reason
    quoted = choose(mine, candidates, found, asker="ann").reason
    assert any(asked in quoted for asked in theirs), "one's own are quoted: the test can fail"


def test_only_marked_chunks_are_evidence() -> None:
    assert cited_chunks("One [2][9]. Two [2].", passages(3)) == ["chunk-2"]
    assert cited_chunks("Nothing.", passages(3)) == []


@pytest.mark.parametrize(
    ("asked", "cached"),
    [
        ("Who may inspect the meter?", "Who must inspect the meter?"),
        ("How long is the plant allowed to run?", "How long does the plant have to run?"),
        ("How many more MW does A have than B?", "How many more MW does B have than A?"),
        ("What does plant A deliver?", "What does plant B deliver?"),
        ("Does a 10 A fuse suffice?", "Does a 16 A fuse suffice?"),
    ],
)
def test_leave_is_no_duty_and_a_letter_is_a_name(asked: str, cached: str) -> None:
    assert veto(asked, cached) is not None
    assert veto(cached, asked) is not None


@pytest.mark.parametrize(
    ("asked", "cached"),
    [
        ("Explain what a contract for difference is.", "What is a contract for difference?"),
        ("What percentage of the output is hedged?", "What share of the output is hedged?"),
    ],
)
def test_words_that_only_carry_a_question_may_differ(asked: str, cached: str) -> None:
    assert veto(asked, cached) is None
    assert veto(cached, asked) is None
