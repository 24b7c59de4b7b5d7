"""Follow-ups by rules: one value put in its place, and a guess called a guess."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.answering.condense import Standalone, by_rules
from inference.ports import ChatMessage

QUESTIONS = Path(__file__).resolve().parents[2] / "corpus" / "questions.jsonl"
RECORDS = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
BY_ID = {record["id"]: record for record in RECORDS}
FOLLOW_UPS = [record for record in RECORDS if record["kind"] == "follow_up"]


def after(question: str, *asked: str) -> Standalone:
    return by_rules(question, [ChatMessage(role="user", content=text) for text in asked])


@pytest.mark.parametrize(
    ("earlier", "question", "standalone"),
    [
        ("How much did it make in 2024?", "And in 2023?", "How much did it make in 2023?"),
        (
            "What is the fee in 2025?",
            "How much was it the year before?",
            "What is the fee in 2024?",
        ),
        ("What is the fee in 2025?", "and the year after?", "What is the fee in 2026?"),
        (
            "What is the charge of RS-1 in 2025?",
            "What about RS-2?",
            "What is the charge of RS-2 in 2025?",
        ),
        (
            "What was the output of Sunmere in 2022?",
            "how about Harrow Ridge?",
            "What was the output of Harrow Ridge in 2022?",
        ),
        (
            "What was the output of Harrow Ridge in 2024?",
            "and Sunmere in 2023?",
            "What was the output of Sunmere in 2023?",
        ),
        (
            "What was the output of Harrow Ridge in 2024?",
            "And Sunmere's the year before?",
            "What was the output of Sunmere in 2023?",
        ),
        ("What was Sunmere's output?", "and Harrow Ridge?", "What was Harrow Ridge's output?"),
        ("How much did gas cost in March?", "and in April?", "How much did gas cost in April?"),
        ("How much did gas cost in 2021?", "same for 2022", "How much did gas cost in 2022?"),
        (
            "How much energy is in a kilo by lower heating value?",
            "And by higher heating value?",
            "How much energy is in a kilo by higher heating value?",
        ),
    ],
)
def test_another_value_takes_the_place_of_the_first(
    earlier: str, question: str, standalone: str
) -> None:
    assert after(question, earlier) == Standalone(text=standalone, sure=True)


@pytest.mark.parametrize(
    ("earlier", "question"),
    [
        ("What was the price in 2022 and 2023?", "and in 2024?"),
        ("How does Sunmere differ from Harrow Ridge?", "and Millbrook?"),
        ("What was the output in 2023?", "and before 2023?"),
        ("What was the output in 2023?", "And why in 2024?"),
        ("What is the fee of Sunmere?", "What about theirs?"),
        ("What is the fee?", "and in 2024?"),
        ("What is due in March?", "and in writing?"),
        ("How much did gas cost in March?", "and Harrow Ridge?"),
        ("What did Sunmere make?", "and in April?"),
        ("What did Sunmere make in 2024?", "was it more in 2023?"),
        ("What did Sunmere make in 2024?", "compared to 2023?"),
        ("What did Sunmere make in 2024?", "and Millbrook and Fennick in 2023?"),
        ("What did Sunmere make?", "and Millbrook in 2023?"),
        ("What is the on-peak price?", "and off-peak?"),
        ("What did it cost?", "why?"),
    ],
)
def test_where_no_single_place_fits_the_rules_guess_and_say_so(earlier: str, question: str) -> None:
    found = after(question, earlier)
    assert not found.sure
    assert found.text.endswith(question)
    assert len(found.text) > len(question)


def test_that_year_is_said_in_figures() -> None:
    found = after("And how often did it fail that year?", "How long was it out in 2024?")
    assert found.text.endswith("And how often did it fail in 2024?")
    assert not found.sure


def test_a_chain_is_sure_only_if_every_link_is() -> None:
    first = "What was the price in 2022?"
    assert after("and 2024?", first, "and in 2023?").text == "What was the price in 2024?"
    assert after("and 2024?", first, "and in 2023?").sure
    assert not after("and in 2024?", first, "and why is that?").sure


def test_a_complete_question_stands_as_it_is() -> None:
    question = "Which turbines stand in the north row of the wind farm?"
    assert after(question, "What is the fee in 2024?") == Standalone(text=question, sure=True)


@pytest.mark.parametrize("record", FOLLOW_UPS, ids=lambda record: str(record["id"]))
def test_shipped_follow_ups_keep_the_subject_of_the_question_before(
    record: dict[str, str],
) -> None:
    earlier = BY_ID[record["of"]]["question"]
    found = after(record["question"], earlier)
    assert found.text != record["question"]
    kept = [word for word in earlier.rstrip("?").split() if word in found.text]
    assert len(kept) >= 3
    if record["id"] in {"q190", "q192", "q195", "q196"}:
        assert found.sure


@given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=3))
def test_any_text_gives_a_question(question: str, asked: list[str]) -> None:
    found = after(question, *asked)
    assert found.text or not question
