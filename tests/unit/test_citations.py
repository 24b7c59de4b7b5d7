"""Markers are verified while they stream: the pieces always join to the filtered whole."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.grounding.citations import Mark, MarkerFilter, filter_whole, resolve
from inference.text.sentences import split
from tests.fakes import a_passage

SOURCES = 4
_TEXTS = st.text(
    alphabet=st.one_of(st.sampled_from("[]0123459 ,;-\u2013\tab.\n"), st.characters(codec="utf-8")),
    max_size=60,
)


def in_pieces(pieces: list[str]) -> tuple[list[str], MarkerFilter]:
    markers = MarkerFilter(SOURCES)
    return [*(markers.feed(piece) for piece in pieces), markers.finish()], markers


@given(text=_TEXTS, cuts=st.lists(st.integers(0, 60), max_size=8))
def test_every_way_of_cutting_gives_the_filtered_whole(text: str, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(edges)]
    sent, markers = in_pieces(pieces)
    whole = filter_whole(text, SOURCES)
    assert "".join(sent) == whole
    for mark in markers.marks:
        assert whole.startswith(f"[{mark.number}]", mark.at)


@given(text=_TEXTS)
def test_no_marker_of_an_unknown_source_leaves(text: str) -> None:
    sent, markers = in_pieces(list(text))
    again = MarkerFilter(SOURCES)
    again.feed("".join(sent))
    assert all(1 <= mark.number <= SOURCES for mark in markers.marks)
    known = {mark.at for mark in markers.marks}
    # What filtering left is either a known marker or was no marker to begin with.
    assert {mark.at for mark in again.marks} >= known


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("A [1].", "A [1]."),
        ("A [1][2].", "A [1][2]."),
        ("A [1, 2].", "A [1][2]."),
        ("A [2-4].", "A [2][3][4]."),
        ("A [9].", "A."),
        ("A [1, 9].", "A [1]."),
        ("A [0].", "A."),
        ("A [2024].", "A."),
        ("A [99999999999999999999].", "A."),
        ("see [note]", "see [note]"),
        ("open [1", "open [1"),
        ("[x](y) [3]", "[x](y) [3]"),
        ("[[1]]", "[[1]]"),
        ("a [] b", "a [] b"),
    ],
)
def test_markers(text: str, kept: str) -> None:
    assert filter_whole(text, SOURCES) == kept


def test_only_what_could_become_a_marker_is_held_back() -> None:
    sent, _ = in_pieces(["The fee ", "is 5 [", "1", "] EUR"])
    assert sent == ["The fee", " is 5", "", " [1] EUR", ""]


def test_a_citation_is_the_sentence_that_says_it() -> None:
    passage = a_passage(1)
    text = "The fee is due in March [1]. The annual fee is 1,250 EUR [1]."
    marks = [Mark(1, text.index("[1]")), Mark(1, text.rindex("[1]"))]
    due, fee = resolve(text, marks, [passage])
    assert due.quote == "It is due in March."
    assert fee.quote == "The annual fee of unit 1 is 1,250 EUR per MW."
    for citation in (due, fee):
        start, end = citation.start - passage.start, citation.end - passage.start
        assert passage.text[start:end] == citation.quote


def test_a_claim_that_shares_no_word_cites_the_whole_passage() -> None:
    passage = a_passage(1)
    [citation] = resolve("Zebras [1].", [Mark(1, 7)], [passage])
    assert (citation.start, citation.end) == (passage.start, passage.end)


@given(text=st.text(alphabet=st.sampled_from("aB1. !?\n\"'e.g.)("), max_size=80))
def test_sentences_are_in_order_and_lose_only_white_space(text: str) -> None:
    position = 0
    for sentence in split(text):
        assert text[position : sentence.start].strip() == ""
        assert text[sentence.start : sentence.end] == sentence.text
        position = sentence.end
    assert text[position:].strip() == ""


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("The fee is 1,250.50 EUR. It is due.", 2),
        ("See Art. 7 and No. 3 of the Act.", 1),
        ("7.2 Term. The term is 20 years.", 2),
        ("- one\n- two\n\nThree", 3),
        ("Paid to Acme Inc. The rest is void.", 1),
    ],
)
def test_sentences_end_where_they_end(text: str, count: int) -> None:
    assert len(split(text)) == count
