"""Passages whose chunk cuts a clause go on to its end, and still are exact spans."""

from __future__ import annotations

from pathlib import Path

from embed.build import build
from embed.document import Document, TextBuilder
from embed.engine import LocalEngine
from embed.holdings import held_of
from inference.grounding.citations import MarkerFilter, resolve
from inference.retrieval.faiss_retriever import FaissRetriever
from inference.retrieval.selection import Choices
from tests.fakes import FakeEmbedder
from tests.integration.index_builders import ask, build_index, write_corpus


def two_pages() -> Document:
    """A sentence that runs from page 1 to page 2, as the PDF loader gives it."""
    builder = TextBuilder()
    builder.page = 1
    builder.heading(1, "Damages")
    builder.paragraph(
        "The plant runs all year. For each missing megawatt-hour the Seller shall pay"
    )
    builder.page = 2
    builder.paragraph("liquidated damages of €12.00 to the Buyer. Interest is not owed.")
    builder.heading(1, "Notices")
    builder.paragraph("notices are sent by letter.")
    text, blocks = builder.finish()
    return Document(path="docs/contract.pdf", title="Contract", text=text, blocks=blocks)


def opened(document: Document, out: Path, choices: Choices | None = None) -> FaissRetriever:
    held = [held_of(document, default_groups=["public"])]
    build(held, out, FakeEmbedder(), engine=LocalEngine(), reuse=False, report=lambda *_: None)
    return FaissRetriever.open(out, FakeEmbedder(), choices)


def test_a_sentence_over_two_pages_is_whole_in_both_passages(tmp_path: Path) -> None:
    document = two_pages()
    found = {p.page: p for p in ask(opened(document, tmp_path / "index"), "damages Seller pay")}
    sentence = (
        "For each missing megawatt-hour the Seller shall pay\n\n"
        "liquidated damages of €12.00 to the Buyer."
    )
    assert found[1].text == f"The plant runs all year. {sentence}"
    page_2 = next(p for p in found.values() if p.page == 2 and p.section == "Damages")
    assert page_2.text == f"{sentence} Interest is not owed."
    for passage in found.values():
        assert document.text[passage.start : passage.end] == passage.text


def test_a_heading_ends_every_clause(tmp_path: Path) -> None:
    reader = opened(two_pages(), tmp_path / "index")
    found = next(p for p in ask(reader, "notices letter") if p.section == "Notices")
    assert found.text == "notices are sent by letter."


def test_a_citation_of_the_completed_part_resolves_to_its_place(tmp_path: Path) -> None:
    document = two_pages()
    passages = ask(opened(document, tmp_path / "index"), "damages Seller pay")
    number = next(n for n, p in enumerate(passages, 1) if p.text.startswith("The plant"))
    answer = f"The Seller pays liquidated damages of €12.00 to the Buyer [{number}]."
    markers = MarkerFilter(len(passages))
    text = markers.feed(answer) + markers.finish()
    cited = next(resolve(text, markers.marks, passages))
    assert "€12.00" in cited.quote
    assert document.text[cited.start : cited.end] == cited.quote


def test_a_list_in_one_sentence_is_completed_within_a_long_paragraph(tmp_path: Path) -> None:
    items = "; ".join(f"{n} dollars for each unit of plant {n} in that year" for n in range(1, 45))
    folder = write_corpus(tmp_path / "docs", {"a.md": f"# Fees\n\nThe Buyer pays {items}. End."})
    build_index(folder, tmp_path / "index")
    plain = FaissRetriever.open(
        tmp_path / "index", FakeEmbedder(), Choices(whole_clauses=False, per_document=0)
    )
    whole = FaissRetriever.open(tmp_path / "index", FakeEmbedder(), Choices(per_document=0))
    cut = {p.chunk_id: p for p in ask(plain, "dollars for plant 44")}
    assert len(cut) > 1
    last = max(cut.values(), key=lambda p: p.start)
    assert not last.text.startswith("The Buyer")
    for passage in ask(whole, "dollars for plant 44"):
        # The sentence begins beyond reach: nothing is taken from before, and no span is wrong.
        assert cut[passage.chunk_id].text in passage.text
        text = whole.store.text(whole.store.documents[0])
        assert text[passage.start : passage.end] == passage.text
