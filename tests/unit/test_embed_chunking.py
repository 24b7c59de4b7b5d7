"""Chunks follow the structure, keep the limit, lose nothing, and are exactly spans of the text."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.index_bundle.texts import IndexTexts
from embed.chunking import MAX_CHARS, Chunk, chunk_document
from embed.document import Document, TextBuilder
from embed.draft import write_draft
from embed.holdings import Held, Repeats, held_of

OPENING = "Enough words to stand alone. " * 4 + "They do."


def a_document(build: TextBuilder, **changes: object) -> Document:
    text, blocks = build.finish()
    fields = {"path": "documents/a.md", "title": "Tariff 2025", "text": text, "blocks": blocks}
    return Document(**{**fields, **changes})  # type: ignore[arg-type]


def said(document: Document, chunk: Chunk) -> str:
    return document.text[chunk.start : chunk.end]


def sentences(count: int) -> str:
    return " ".join(f"Sentence {n} says that unit {n} has {n}.5 MW." for n in range(count))


def test_small_blocks_of_a_section_share_a_chunk_and_sections_do_not() -> None:
    build = TextBuilder()
    build.heading(1, "Tariff 2025")
    build.paragraph(OPENING)
    build.heading(2, "Residential")
    build.paragraph("First.")
    build.paragraph(OPENING)
    build.heading(3, "RS-2")
    build.paragraph("Third.")
    document = a_document(build)
    assert [(said(document, c), c.section, c.lead) for c in chunk_document(document)] == [
        (OPENING, None, "Tariff 2025"),
        (f"First.\n\n{OPENING}", "Residential", "Tariff 2025 > Residential"),
        ("Third.", "Residential > RS-2", "Tariff 2025 > Residential > RS-2"),
    ]


def test_a_cover_line_joins_the_first_subsection_and_no_other() -> None:
    build = TextBuilder()
    build.heading(1, "Report 2024")
    build.paragraph("Prepared by Aldane Wind, 7 February 2025")
    build.heading(2, "Output")
    build.paragraph("The farm made 444 GWh.")
    build.heading(2, "Safety")
    build.paragraph("Nobody was hurt.")
    document = a_document(build, title="Report 2024")
    assert [(said(document, c), c.section) for c in chunk_document(document)] == [
        ("Prepared by Aldane Wind, 7 February 2025\n\nOutput\n\nThe farm made 444 GWh.", "Output"),
        ("Nobody was hurt.", "Safety"),
    ]


def test_a_cover_line_stays_alone_where_the_limit_or_a_page_parts_it_from_the_rest() -> None:
    for page, words in ((1, "x" * (MAX_CHARS - 5)), (2, "Short.")):
        build = TextBuilder()
        build.page = 1
        build.paragraph("Prepared by Aldane Wind")
        build.page = page
        build.heading(1, "Output")
        build.paragraph(words)
        document = a_document(build)
        assert [said(document, c) for c in chunk_document(document)] == [
            "Prepared by Aldane Wind",
            words,
        ]


def test_a_heading_with_nothing_under_it_can_still_be_found() -> None:
    build = TextBuilder()
    build.heading(1, "Emergencies")
    build.heading(2, "Gas leak: call 555 0199")
    build.heading(2, "Power line down: call 555 0142")
    build.paragraph("Keep ten metres away.")
    build.heading(2, "Night desk: call 555 0177")
    document = a_document(build)
    assert [(said(document, c), c.section) for c in chunk_document(document)] == [
        (
            "Gas leak: call 555 0199\n\nPower line down: call 555 0142\n\nKeep ten metres away.",
            "Emergencies > Power line down: call 555 0142",
        ),
        ("Night desk: call 555 0177", "Emergencies"),
    ]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    build = TextBuilder()
    build.paragraph(sentences(60))
    document = a_document(build)
    pieces = [said(document, chunk) for chunk in chunk_document(document)]
    assert len(pieces) > 2
    assert all(len(piece) <= MAX_CHARS and piece.endswith(" MW.") for piece in pieces)
    assert " ".join(pieces) == document.text


def test_a_long_table_is_cut_between_rows_and_its_header_leads_every_piece() -> None:
    build = TextBuilder()
    rows = [["Month", "Energy"], *([f"month {n}", f"{n},000 MWh"] for n in range(80))]
    build.table(rows, has_header=True)
    document = a_document(build)
    chunks = chunk_document(document)
    assert len(chunks) > 1
    for chunk in chunks:
        assert all(
            line.startswith("| ") and line.endswith(" |")
            for line in said(document, chunk).splitlines()
        )
    assert chunks[0].lead == "Tariff 2025"
    assert {chunk.lead for chunk in chunks[1:]} == {"Tariff 2025\n| Month | Energy |"}


def test_a_line_that_introduces_a_list_goes_with_the_list() -> None:
    build = TextBuilder()
    build.paragraph("x" * 700 + ".")
    build.paragraph("The charges are:")
    build.item("y" * 300)
    document = a_document(build)
    assert said(document, chunk_document(document)[1]).startswith("The charges are:")


def test_a_chunk_does_not_cross_a_page() -> None:
    build = TextBuilder()
    for page in (1, 2):
        build.page = page
        build.paragraph(f"On page {page}.")
    assert [chunk.page for chunk in chunk_document(a_document(build))] == [1, 2]


def test_a_heading_that_repeats_the_title_is_not_said_twice() -> None:
    build = TextBuilder()
    build.heading(1, "Tariff: 2025")
    build.paragraph("Words.")
    assert chunk_document(a_document(build))[0].lead == "Tariff 2025"


words = st.text(alphabet=st.sampled_from("abc .,;:!?$9¢é\n"), min_size=1, max_size=2500)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("heading"), words),
            st.tuples(st.just("paragraph"), words),
            st.tuples(st.just("code"), words),
            st.tuples(st.just("item"), words),
            st.tuples(
                st.just("table"), st.lists(st.lists(words, min_size=1, max_size=3), max_size=6)
            ),
        ),
        max_size=8,
    ),
    st.integers(min_value=20, max_value=300),
)
def test_chunks_cover_every_block_in_order_within_the_limit(
    parts: list[tuple[str, object]], limit: int
) -> None:
    build = TextBuilder()
    for kind, content in parts:
        match kind:
            case "heading":
                build.heading(2, str(content))
            case "table":
                build.table(content, has_header=True)  # type: ignore[arg-type]
            case _:
                getattr(build, kind)(content)
    document = a_document(build)
    chunks = chunk_document(document, max_chars=limit)
    at = 0
    covered: set[int] = set()
    for chunk in chunks:
        assert at <= chunk.start < chunk.end
        assert chunk.end - chunk.start <= limit
        covered.update(range(chunk.start, chunk.end))
        at = chunk.end
    for block in document.blocks:
        for position in range(block.start, block.end):
            assert position in covered or document.text[position].isspace()


def held(
    *documents: Document, groups: tuple[str, ...] = ("public",), repeats: Repeats | None = None
) -> list[Held]:
    """The documents cut, and repeated chunks left out, as a build does both."""
    repeats = repeats or Repeats()
    return [repeats.without(held_of(d, default_groups=groups)) for d in documents]


def one(path: str, text: str, title: str = "Tariff", **changes: object) -> Document:
    build = TextBuilder()
    build.paragraph(text)
    return a_document(build, path=path, title=title, **changes)


def version(*documents: Document) -> str:
    with TemporaryDirectory() as folder:
        return write_draft(Path(folder), held(*documents)).corpus_version


def test_the_version_depends_on_what_is_said() -> None:
    a, b = one("a.md", "Price 5 ¢."), one("b.md", "Price 6 ¢.")
    first = version(a, b)
    assert version(a, b) == first
    assert version(a, one("b.md", "Price 7 ¢.")) != first
    assert version(a, one("b.md", "Price 6 ¢.", title="Other")) != first
    assert version(a, one("b.md", "Price 6 ¢.", groups=("staff",))) != first


def test_repeats_are_dropped_only_where_title_text_and_readers_are_the_same() -> None:
    def kept(*documents: Document) -> list[int]:
        repeats = Repeats()
        numbers = [len(h.chunks) for h in held(*documents, repeats=repeats)]
        return [*numbers, repeats.dropped]

    assert kept(one("a.md", "Late charge 1.5 %."), one("b.md", "Late  charge 1.5 %.")) == [1, 0, 1]
    other_year = one("a.md", "Late charge.", "2024"), one("b.md", "Late charge.", "2025")
    assert kept(*other_year) == [1, 1, 0]
    other_readers = one("a.md", "Late charge."), one("b.md", "Late charge.", groups=("x",))
    assert kept(*other_readers) == [1, 1, 0]


def test_a_chunk_keeps_its_id_when_something_else_changes() -> None:
    def ids(first: str) -> list[str]:
        build = TextBuilder()
        build.paragraph(first)
        build.heading(1, "Fees")
        build.paragraph("The fee is $5.")
        return [chunk.id for chunk in held(a_document(build))[0].chunks]

    before, after = ids(OPENING), ids(f"{OPENING} And a few words more.")
    assert before[1] == after[1]
    assert before[0] != after[0]


@given(st.lists(st.text(alphabet="aé¢風 .", min_size=1, max_size=60).filter(str.strip), min_size=1))
def test_byte_positions_point_at_the_same_text_as_character_positions(texts: list[str]) -> None:
    documents = [one(f"{n:03}.md", text, str(n)) for n, text in enumerate(texts)]
    with TemporaryDirectory() as folder:
        draft = write_draft(Path(folder), held(*documents))
        stored = IndexTexts(draft.folder)
        assert (draft.documents, draft.chunks) == (len(documents), len(stored))
        for chunk in map(stored.chunk, range(len(stored))):
            own = documents[chunk.document].text[chunk.start : chunk.end]
            assert stored.text(chunk) == own


def test_documents_without_groups_get_the_default_ones() -> None:
    found = held(one("a.md", "x", groups=("finance",)), one("b.md", "y"), groups=("staff",))
    assert [h.record.groups for h in found] == [["finance"], ["staff"]]


@pytest.mark.parametrize("text", ["word " * 2000, "x" * 5000])
def test_text_without_sentences_is_cut_within_the_limit(text: str) -> None:
    document = one("a.md", text)
    pieces = [said(document, chunk) for chunk in chunk_document(document)]
    assert all(len(piece) <= MAX_CHARS for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())
