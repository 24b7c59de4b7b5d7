"""The sample corpus keeps its promises: documents parse, and questions have their answers."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pypdf
import pytest
import yaml
from bs4 import BeautifulSoup, Tag
from docx import Document

from corpus.render import render

ROOM = Path(__file__).resolve().parents[2] / "corpus"
DOCUMENTS = sorted((ROOM / "documents").iterdir())
PAGE_FURNITURE = ("script", "style", "nav", "header", "footer", "aside")
Record = dict[str, Any]


def records(name: str) -> list[Record]:
    return [json.loads(line) for line in (ROOM / name).read_text(encoding="utf-8").splitlines()]


QUESTIONS = records("questions.jsonl")
PARAPHRASES = records("paraphrases.jsonl")
BY_ID = {record["id"]: record for record in QUESTIONS}
WITH_SPAN = [record for record in QUESTIONS if record["span"] is not None]


def folded(text: str) -> str:
    return " ".join(text.split())


def front_matter(path: Path) -> tuple[Record, str]:
    opening, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
    assert opening == ""
    meta: Record = yaml.safe_load(head)
    return meta, body


def html(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def html_meta(path: Path) -> Record:
    page = html(path)
    assert page.title is not None
    meta: Record = {"title": page.title.get_text()}
    for tag in page.find_all("meta"):
        if isinstance(tag, Tag) and "name" in tag.attrs:
            meta[str(tag["name"])] = str(tag["content"])
    return meta


def html_text(path: Path) -> str:
    page = html(path)
    for tag in page(PAGE_FURNITURE):
        tag.decompose()
    assert page.body is not None
    return page.body.get_text(" ")


def pdf_pages(path_or_stream: Any) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(path_or_stream).pages]


def docx_text(path_or_stream: Any) -> str:
    document = Document(path_or_stream)
    cells = [c.text for table in document.tables for row in table.rows for c in row.cells]
    return "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)


@cache
def text_of(path: Path) -> str:
    match path.suffix:
        case ".md":
            return folded(front_matter(path)[1])
        case ".txt":
            return folded(path.read_text(encoding="utf-8"))
        case ".html":
            return folded(html_text(path))
        case ".pdf":
            return folded("\n".join(pdf_pages(path)))
        case ".docx":
            return folded(docx_text(path))
    raise AssertionError(f"{path.name}: no reader for this format")


def test_the_corpus_has_the_promised_number_of_documents_in_each_format() -> None:
    formats = Counter(path.suffix for path in DOCUMENTS)
    assert 25 <= len(DOCUMENTS) <= 40
    assert formats[".pdf"] == formats[".docx"] == 1
    assert 4 <= formats[".html"] <= 6
    assert 1 <= formats[".txt"] <= 2
    assert set(formats) == {".md", ".html", ".pdf", ".docx", ".txt"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_document_has_a_readable_text_of_sensible_length(path: Path) -> None:
    words = len(text_of(path).split())
    assert 200 <= words <= 2500
    assert "\ufffd" not in text_of(path)


@pytest.mark.parametrize("path", [p for p in DOCUMENTS if p.suffix == ".md"], ids=lambda p: p.name)
def test_markdown_front_matter_is_complete(path: Path) -> None:
    meta, body = front_matter(path)
    assert set(meta) == {"title", "date", "url", "groups", "tags"}
    assert isinstance(meta["date"], date)
    assert meta["url"].startswith("https://docs.example.com/")
    assert meta["groups"] in (["public"], ["finance"])
    assert meta["tags"]
    assert body.lstrip().startswith("# ")


@pytest.mark.parametrize(
    "path", [p for p in DOCUMENTS if p.suffix == ".html"], ids=lambda p: p.name
)
def test_html_metadata_is_complete_and_the_page_has_furniture_to_strip(path: Path) -> None:
    meta = html_meta(path)
    assert date.fromisoformat(meta["date"])
    assert meta["url"].startswith("https://docs.example.com/")
    assert meta["groups"] == "public"
    page = html(path)
    assert page.nav is not None
    assert page.footer is not None
    assert page.find("h1") is not None


def test_addresses_and_titles_are_unique() -> None:
    metas = [
        front_matter(p)[0] if p.suffix == ".md" else html_meta(p)
        for p in DOCUMENTS
        if p.suffix in {".md", ".html"}
    ]
    assert len({meta["url"] for meta in metas}) == len(metas)
    assert len({meta["title"] for meta in metas}) == len(metas)


def test_exactly_two_documents_are_for_finance_only() -> None:
    restricted = [
        p for p in DOCUMENTS if p.suffix == ".md" and front_matter(p)[0]["groups"] == ["finance"]
    ]
    assert len(restricted) == 2


def test_the_pdf_has_pages_an_outline_and_a_title() -> None:
    path = next(p for p in DOCUMENTS if p.suffix == ".pdf")
    reader = pypdf.PdfReader(path)
    assert len(reader.pages) >= 4
    assert all(len(text.split()) > 100 for text in pdf_pages(path))
    assert reader.outline
    assert reader.metadata is not None
    assert reader.metadata.title == "Harrow Ridge Wind Farm Annual Performance Report 2024"


def test_the_docx_has_headings_tables_and_a_title() -> None:
    document = Document(str(next(p for p in DOCUMENTS if p.suffix == ".docx")))
    styles = [p.style.name for p in document.paragraphs if p.style is not None]
    assert styles.count("Heading 1") == 1
    assert styles.count("Heading 2") >= 5
    assert document.tables
    assert document.core_properties.title == "Fennick Hydrogen Supply Terms for Tolland Glass Works"


def test_rendered_documents_say_what_their_sources_say(tmp_path: Path) -> None:
    for name, content in render().items():
        fresh = tmp_path / name
        fresh.write_bytes(content)
        assert text_of(fresh) == text_of(ROOM / "documents" / name)


def test_rendering_twice_gives_the_same_bytes() -> None:
    assert render() == render()


def test_there_are_enough_questions_of_each_kind() -> None:
    kinds = Counter(record["kind"] for record in QUESTIONS)
    assert set(kinds) == {"answerable", "unanswerable", "near_miss", "follow_up"}
    assert len(QUESTIONS) >= 130
    assert kinds["answerable"] >= 85
    assert kinds["unanswerable"] >= 22
    assert kinds["near_miss"] >= 22
    assert kinds["follow_up"] >= 4
    assert len(PARAPHRASES) >= 60


def test_every_document_is_asked_about() -> None:
    asked = {record["document"] for record in WITH_SPAN}
    assert asked == {f"documents/{path.name}" for path in DOCUMENTS}


@pytest.mark.parametrize("record", QUESTIONS, ids=lambda record: str(record["id"]))
def test_a_question_is_well_formed(record: Record) -> None:
    required = {"id", "kind", "question", "document", "span", "answer"}
    assert required <= set(record) <= required | {"of", "also", "groups", "note"}
    gold = [record["document"], record["span"], record["answer"]]
    assert all(gold) or not any(gold)
    if record["kind"] in {"answerable", "follow_up"}:
        assert all(gold)
    if record["kind"] == "unanswerable":
        assert not any(gold)
    if record["kind"] == "near_miss":
        assert record["note"].startswith("answered by" if all(gold) else "not answered")


@pytest.mark.parametrize("record", WITH_SPAN, ids=lambda record: str(record["id"]))
def test_a_span_stands_in_its_document_and_holds_the_answer(record: Record) -> None:
    span = folded(record["span"])
    text = text_of(ROOM / record["document"])
    # Bounded by non-word characters, so that "5.38" is not found inside "15.380".
    found = re.findall(rf"(?<!\w){re.escape(span)}(?!\w)", text)
    assert found, f"{record['id']}: the span is not in {record['document']}"
    assert folded(record["answer"]) in span


def test_other_documents_that_say_the_same_hold_the_answer() -> None:
    for record in QUESTIONS:
        for name in record.get("also", []):
            assert name != record["document"]
            assert folded(record["answer"]) in text_of(ROOM / name), (record["id"], name)


@pytest.mark.parametrize("record", WITH_SPAN, ids=lambda record: str(record["id"]))
def test_a_question_names_the_groups_that_its_document_needs(record: Record) -> None:
    path = ROOM / record["document"]
    groups = front_matter(path)[0]["groups"] if path.suffix == ".md" else ["public"]
    assert set(groups) <= set(record.get("groups", ["public"]))


def test_near_misses_and_follow_ups_stand_beside_an_answerable_question() -> None:
    for record in QUESTIONS:
        related = record["kind"] in {"near_miss", "follow_up"}
        assert ("of" in record) == related
        if related:
            assert BY_ID[record["of"]]["kind"] == "answerable"


def test_a_near_miss_never_has_the_answer_of_the_question_that_it_is_near_to() -> None:
    for record in QUESTIONS:
        if record["kind"] == "near_miss" and record["answer"] is not None:
            assert record["answer"] != BY_ID[record["of"]]["answer"]


def test_paraphrases_belong_to_answerable_questions() -> None:
    assert {BY_ID[record["of"]]["kind"] for record in PARAPHRASES} == {"answerable"}


def test_no_id_and_no_question_occurs_twice() -> None:
    everything = QUESTIONS + PARAPHRASES
    wordings = [folded(record["question"]).casefold() for record in everything]
    assert len({record["id"] for record in everything}) == len(everything)
    assert [text for text, times in Counter(wordings).items() if times > 1] == []
