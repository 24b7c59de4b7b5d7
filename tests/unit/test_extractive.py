"""The extractive model quotes, cites, and says that it is no language model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from inference.answering import prompt
from inference.chat_models.extractive_model import LEAD, ExtractiveModel, answer
from inference.chat_models.sentence_ranking import EMBEDDED, rank
from inference.grounding.citations import filter_whole
from inference.ports import Finished, TextDelta
from inference.text.question_wish import Wish
from tests.fakes import FakeEmbedder, a_passage, passages

if TYPE_CHECKING:
    from inference.ports import Vector

CONTRACT = a_passage(
    1,
    title="Service agreement",
    text=(
        "# 7 Liability\n"
        "7.1 The Contractor shall maintain the turbines with reasonable care. "
        "7.2 The aggregate liability of the Contractor is capped at 100 % of the annual fee. "
        "7.3 Nothing limits liability for gross negligence."
    ),
)
OTHER = a_passage(
    2, score=0.4, dense=0.3, title="Tariff", text="Demand charges apply to peak kW. See [12]."
)


async def test_it_streams_small_pieces_and_then_stops() -> None:
    built = prompt.build("What is the cap on liability?", [CONTRACT, OTHER])
    *deltas, last = [item async for item in ExtractiveModel().stream(built)]
    pieces = [item.text for item in deltas if isinstance(item, TextDelta)]
    assert "".join(pieces) == answer("What is the cap on liability?", [CONTRACT, OTHER])
    assert max(len(piece.split()) for piece in pieces) == 1
    assert last == Finished(finish_reason="stop")
    assert await ExtractiveModel().complete(built.messages) is None


def test_the_answer_is_honest_and_quotes_word_for_word() -> None:
    text = answer("What is the cap on liability of the contractor?", [CONTRACT, OTHER])
    assert text.startswith(LEAD)
    assert "capped at 100 % of the annual fee.” [1]" in text
    quotes = re.findall(r"“(.+?)” \[(\d)\]", text)
    assert 1 < len(quotes) <= 5
    for quote, number in quotes:
        source = [CONTRACT, OTHER][int(number) - 1]
        assert quote.replace("(12)", "[12]") in source.text


def test_no_bracket_of_a_document_is_taken_for_a_marker() -> None:
    text = answer("Which demand charges apply to peak kW?", [OTHER])
    assert "(12)" in text
    assert filter_whole(text, 1) == text


def test_sentences_that_repeat_each_other_are_quoted_once() -> None:
    twins = [a_passage(1), a_passage(2, text=a_passage(1).text)]
    assert answer("What is the annual fee of unit 1?", twins).count("1,250 EUR") == 1


def test_every_passage_can_be_asked_about() -> None:
    for number in range(1, 6):
        text = answer(f"What is the annual fee of unit {number}?", passages(5))
        assert f"{number},250 EUR per MW.” [{number}]" in text


def test_table_rows_are_quoted_without_their_bars_and_heads_of_tables_not_at_all() -> None:
    table = "| Technology | Round-trip efficiency | Duration |\n| Lithium-ion | 86 percent | 4 h |"
    said = answer("What is the round-trip efficiency of lithium-ion?", [a_passage(1, text=table)])
    assert "Lithium-ion · 86 percent · 4 h" in said
    assert "|" not in said


def test_the_best_sentence_comes_first() -> None:
    turned = a_passage(1, text="It is due in March. The annual fee of unit 1 is 1,250 EUR per MW.")
    text = answer("What is the annual fee of unit 1?", [turned])
    assert text.splitlines()[2] == "- “The annual fee of unit 1 is 1,250 EUR per MW.” [1]"


def test_the_number_of_a_clause_is_no_figure_that_was_asked_for() -> None:
    clauses = a_passage(
        1,
        title="Service agreement",
        text="7.1 The owner names a manager within the office.\n"
        "7.2 The owner pays a fee of 800 EUR to the office.",
    )
    ranked = rank("How much must the owner give to the office?", [clauses])
    assert ranked[0].sentence.text.startswith("7.2")


def first_quote(question: str, text: str, *, title: str = "Notes") -> str:
    return rank(question, [a_passage(1, title=title, text=text)])[0].sentence.text


def test_a_sentence_gains_nothing_by_saying_its_title_again() -> None:
    said = first_quote(
        "How is a breach of the Harrow Ridge supply agreement cured?",
        "This Harrow Ridge supply agreement is made between two parties.\n"
        "The seller cures a breach within thirty days of notice.",
        title="Harrow Ridge supply agreement",
    )
    assert said.startswith("The seller cures")


def test_a_sentence_about_another_year_comes_after_one_about_the_year_that_is_asked_for() -> None:
    asked = "What was the availability of the turbines in 2023?"
    other = "The availability of the turbines in 2024 was 97.1 percent."
    assert first_quote(asked, f"{other}\nIt had been 96.4 percent in 2023.").endswith("2023.")
    # No year at all contradicts nothing.
    assert Wish(asked).other_year("It was 96.4 percent.") == 0.0
    assert Wish("What was the availability?").other_year(other) == 0.0


@pytest.mark.parametrize(
    ("sentence", "counts"),
    [
        ("No more than 330 full equivalent cycles are allowed.", 1.0),
        ("It makes two cycles a day.", 1.0),
        ("4.2 Cycles are counted by energy.", 0.0),
        ("The cycle lasts 330 minutes.", 0.0),
    ],
)
def test_what_is_counted_stands_right_after_its_number(sentence: str, counts: float) -> None:
    assert Wish("How many cycles may the battery make?").count(sentence) == counts
    assert Wish("How long may the battery run?").count(sentence) == 0.0


async def test_sentences_are_compared_by_meaning_where_there_is_an_embedder() -> None:
    asked: list[int] = []

    class Counting(FakeEmbedder):
        def embed(self, texts: Sequence[str]) -> Vector:
            asked.append(len(texts))
            return super().embed(texts)

    model = ExtractiveModel(Counting)
    built = prompt.build("What is the annual fee of unit 3?", passages(20))
    text = "".join([i.text async for i in model.stream(built) if isinstance(i, TextDelta)])
    assert "The annual fee of unit 3 is 3,250 EUR per MW.” [3]" in text
    assert asked == [EMBEDDED + 1]


def test_no_passages_give_no_quotes() -> None:
    assert answer("What is the annual fee?", []).strip() == LEAD
