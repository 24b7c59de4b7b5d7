"""Where a chunk cuts a clause, and how far its neighbour ends it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.text.clauses import REACH, beginning, is_cut, rest


@pytest.mark.parametrize(
    ("before", "gap", "after", "cut"),
    [
        ("The Seller shall pay", "\n\n", "damages of $12 per MWh.", True),  # over a page
        ("shall pay the following;", " ", "Damages of $12.", True),  # in a long paragraph
        ("The charges are:", "\n\n", "- a fee of $5", True),
        ("- a fee of $5;", "\n", "- a charge of $6.", True),
        ("- a fee, and", "\n", "- a charge.", True),
        ("| RS-1 | a very long", " ", "cell | 5 |", True),
        ("The Seller pays.", " ", "The Buyer pays.", False),
        ('He said "pay."', " ", "Then he left.", False),
        ("- a fee of $5", "\n", "- a charge of $6", False),
        ("| RS-1 | 5 |", "\n", "| RS-2 | 6 |", False),
        ("No full stop at the end", "\n\n", "Another paragraph.", False),
        ("The Seller shall pay", "\n\nDamages\n\n", "of $12 per MWh.", False),
        ("", "", "begins here", False),
        ("ends here", "", "", False),
    ],
)
def test_a_clause_is_cut_where_it_goes_on(before: str, gap: str, after: str, cut: bool) -> None:
    assert is_cut(before, gap, after) is cut


def test_the_neighbour_is_read_to_the_end_of_the_sentence() -> None:
    after = "damages of $12.00 per MWh. The next sentence is not wanted."
    assert after[: rest(after)] == "damages of $12.00 per MWh."
    before = "An earlier sentence. The Seller shall pay"
    assert before[beginning(before) :] == "The Seller shall pay"


def test_the_neighbour_is_read_to_the_end_of_the_row() -> None:
    assert "cell | 5 |\n| RS-2 | 6 |"[: rest("cell | 5 |\n| RS-2 | 6 |")] == "cell | 5 |"
    before = "| RS-1 | 4 |\n| RS-2 | a long"
    assert before[beginning(before) :] == "| RS-2 | a long"


def test_a_list_that_is_one_sentence_is_read_to_its_full_stop_and_back_to_its_opening() -> None:
    after = "- the fee;\n- the charge; and\n- the tax.\n- Another list."
    assert after[: rest(after)] == "- the fee;\n- the charge; and\n- the tax."
    before = "Some words. The Buyer pays:\n- the fee;\n- the charge;"
    assert before[beginning(before) :] == "The Buyer pays:\n- the fee;\n- the charge;"


def test_nothing_is_taken_where_the_end_is_out_of_reach() -> None:
    endless = "word " * REACH
    assert rest(endless) == 0
    assert beginning(endless.rstrip()) == len(endless.rstrip())
    assert rest("- one;\n" + "- " + "word " * REACH) == len("- one;")


@given(st.text("ab .;:\n|-A1", max_size=400), st.integers(0, 100))
def test_what_is_taken_is_within_reach(text: str, reach: int) -> None:
    assert 0 <= rest(text, reach=reach) <= min(reach, len(text))
    assert len(text) - reach <= beginning(text, reach=reach) <= len(text)
