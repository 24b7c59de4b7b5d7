"""Figures are compared after units are folded; what no cited passage says is flagged."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embed.chunking import Chunk, chunk_document
from embed.document import Document
from embed.sources import find_sources, load_source
from inference.chat_models.extractive_model import answer
from inference.grounding.citations import Mark, resolve
from inference.grounding.support import flags_of
from inference.ports import Passage, TextDelta
from inference.text.figures import figures_of
from tests.fakes import FakeCache, FakeModel, FakeRetriever, a_passage, stop_after
from tests.unit.test_turn import a_question, end_of, events_of, parts_of, text_of

DOCUMENTS = Path(__file__).resolve().parents[2] / "corpus" / "documents"


def flagged(text: str, *said: str) -> list[tuple[str, str]]:
    """Kinds and texts of the flags of an answer whose last words cite every passage."""
    passages = [a_passage(n, text=words, title="", document="d") for n, words in enumerate(said, 1)]
    whole = text + "".join(f" [{n}]" for n in range(1, len(said) + 1))
    marks = [Mark(n, whole.index(f"[{n}]")) for n in range(1, len(said) + 1)]
    return [(flag.kind, flag.text) for flag in flags_of(whole, marks, passages)]


@pytest.mark.parametrize(
    ("answered", "said"),
    [
        ("The capacity is 1 GW", "The capacity is 1,000 MW."),
        ("The capacity is 1,000 MW", "The capacity is 1 GW."),
        ("The plant cost $1.2 million", "The plant cost $1,200,000."),
        ("The plant cost USD 1,200,000", "The plant cost $1.2 million."),
        ("The share is 37 %", "The share is 37 percent."),
        ("The share is 37.0 percent", "The share is 37%."),
        ("The price is 12 cents", "The price is $0.12 per kWh."),
        ("It began on 1 March 2024", "It began on March 1, 2024."),
        ("It began on 2024-03-01", "It began on 1 March 2024."),
        ("It began on 03/01/2024", "It began on 1 March 2024."),
        ("It began in March 2024", "It began on 1 March 2024."),
        ("It began in 2024", "It began on 1 March 2024."),
        ("It began on 1 March 2024", "In 2024 it began on 1 March."),
        ("The term is 15 years", "The term is fifteen years."),
        ("The term is 180 months", "The term is a 15-year term."),
        ("Generation was 421,800 MWh", "| Generation (MWh) | 421,800 |"),
        ("Generation was 421.8 GWh", "| Generation (MWh) | 421,800 |"),
        ("Schedule RS-1 of the CO2 plan", "Schedule RS-1 of the CO2 plan."),
        ("The fee is 1,250 EUR", "The fee is €1250 in every year."),
    ],
)
def test_equal_figures_are_confirmed(answered: str, said: str) -> None:
    assert flagged(answered, said) == []


@pytest.mark.parametrize(
    ("answered", "said", "figure"),
    [
        ("The capacity is 1,000 GW", "The capacity is 1,000 MW.", "1,000 GW"),
        ("The capacity is 1,001 MW", "The capacity is 1 GW.", "1,001 MW"),
        ("The plant cost €1.2 million", "The plant cost $1.2 million.", "€1.2 million"),
        ("The plant cost $1.2 billion", "The plant cost $1.2 million.", "$1.2 billion"),
        ("The share is 37 MW", "The share is 37 percent.", "37 MW"),
        ("It began on 2 March 2024", "It began on 1 March 2024.", "2 March 2024"),
        ("It began in March 2023", "It began on 1 March 2024.", "March 2023"),
        ("The term is 25 years", "The term is fifteen years.", "25 years"),
        ("Generation was 421,800 GWh", "| Generation (MWh) | 421,800 |", "421,800 GWh"),
    ],
)
def test_other_figures_are_flagged(answered: str, said: str, figure: str) -> None:
    assert ("figure", figure) in flagged(answered, said)
    assert "unsupported" in {kind for kind, _ in flagged(answered, said)}


def test_a_sentence_that_its_passage_does_not_say_is_flagged() -> None:
    passages = [a_passage(1), a_passage(2, text="Zebras graze at dawn.", title="Zoo")]
    text = "The annual fee of unit 1 is due in March [2]. Zebras graze at dawn. [2]"
    marks = [Mark(2, text.index("[2]")), Mark(2, text.rindex("[2]"))]
    [flag] = [flag for flag in flags_of(text, marks, passages) if flag.kind == "unsupported"]
    assert flag.text.startswith("The annual fee of unit 1 is due in March")
    assert text[flag.start : flag.end] == flag.text


def test_the_numbers_of_a_list_are_no_figures() -> None:
    assert figures_of("1. Open it.\n- 2) Close it.\n- “3. Leave.” [1]")[:-1] == []
    assert flagged("- “5. Leave the site.”", "Rules\n5. Leave the site.") == []


def test_figures_without_any_citation_are_flagged() -> None:
    [flag] = flags_of("It is 5 MW.", [], [a_passage(1)])
    assert (flag.kind, flag.text) == ("figure", "5 MW")


_VALUES = st.decimals(min_value="0.001", max_value="99999", places=3)
_SCALES = {"kW": 0, "MW": 3, "GW": 6}


@given(value=_VALUES, here=st.sampled_from(sorted(_SCALES)), there=st.sampled_from(sorted(_SCALES)))
def test_a_power_is_the_same_in_every_unit(value: Decimal, here: str, there: str) -> None:
    moved = value.scaleb(_SCALES[here] - _SCALES[there])
    one, other = figures_of(f"{value:f} {here}"), figures_of(f"{moved:f} {there}")
    assert [(f.dimension, f.value) for f in one] == [(f.dimension, f.value) for f in other]


@given(
    text=st.text(alphabet=st.sampled_from("0123456789.,$%€ -/MWhkGgt\nMarch2024[]|"), max_size=60)
)
def test_figures_lie_within_any_text(text: str) -> None:
    for figure in figures_of(text, spelled=True):
        assert 0 <= figure.start < figure.end <= len(text)
        assert any(c.isdigit() for c in text[figure.start : figure.end])


@settings(max_examples=60)
@given(cuts=st.lists(st.integers(0, 90), max_size=12))
def test_flags_and_citations_do_not_depend_on_how_the_model_cut_its_text(cuts: list[int]) -> None:
    text = "The annual fee is 1,250 EUR [1]. It rose by 7 % [2]. It is due in March 2031 [1, 9]."
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(edges)]
    streamed = events_of(a_question(), parts_of(FakeModel(stop_after(*pieces))))
    whole = events_of(a_question(), parts_of(FakeModel(stop_after(text))))
    assert end_of(streamed).flags == end_of(whole).flags
    assert end_of(streamed).citations == end_of(whole).citations
    assert [flag.text for flag in end_of(whole).flags if flag.kind == "figure"] == [
        "7 %",
        "March 2031",
    ]


def test_flags_reach_the_end_of_a_turn() -> None:
    model = FakeModel(stop_after("The fee is 9,999 EUR [1]."))
    events = events_of(a_question(), parts_of(model, retriever=FakeRetriever([a_passage(1)])))
    said = text_of(events)
    flags = end_of(events).flags
    assert {flag.kind for flag in flags} == {"figure", "unsupported"}
    assert all(said[flag.start : flag.end] == flag.text for flag in flags)
    assert any(isinstance(event, TextDelta) for event in events)


def _documents() -> list[Document]:
    """One document of every format that can be read."""
    names = {
        "harrow-ridge-performance-2024.pdf",
        "fennick-hydrogen-supply-terms.docx",
        "millbrook-operations-2024.html",
        "electrical-safety.txt",
        "harrow-ridge-ppa.md",
    }
    found = [source for source in find_sources([DOCUMENTS]) if source.file.name in names]
    assert len(found) == len(names)
    return [load_source(source) for source in found]


def _passages(document: Document) -> list[tuple[Chunk, Passage]]:
    return [
        (
            chunk,
            a_passage(
                n,
                document=document.path,
                title=document.title,
                text=document.text[chunk.start : chunk.end],
                start=chunk.start,
                end=chunk.end,
                page=chunk.page,
                section=chunk.section,
            ),
        )
        for n, chunk in enumerate(chunk_document(document), 1)
    ]


def test_quotes_of_every_format_stand_at_their_span_and_support_themselves() -> None:
    for document in _documents():
        for _, passage in _passages(document):
            text = answer("What is the price, the term and the capacity in 2024?", [passage])
            marks = [Mark(1, at) for at in range(len(text)) if text.startswith("[1]", at)]
            citations = list(resolve(text, marks, [passage]))
            assert len(citations) == len(marks) > 0
            for citation in citations:
                assert document.text[citation.start : citation.end] == citation.quote
                assert citation.page == passage.page
            assert flags_of(text, marks, [passage]) == []


def test_an_answer_with_flags_is_not_kept_for_others() -> None:
    for text, kept in (("The fee is 1,250 EUR [1].", 1), ("The fee is 1,350 EUR [1].", 0)):
        cache = FakeCache()
        events_of(a_question(), parts_of(FakeModel(stop_after(text)), cache=cache))
        assert len(cache.entries) == kept
