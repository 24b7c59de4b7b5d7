"""Every loader keeps the words, drops the furniture, and says where things stand."""

from __future__ import annotations

import contextlib
import io
import random
from collections.abc import Callable
from pathlib import Path

import docx
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from embed.document import Extract
from embed.loaders.docx import BrokenDocx, load_docx
from embed.loaders.front_matter import BadFrontMatter, split_front_matter
from embed.loaders.html import load_html
from embed.loaders.markdown import load_markdown
from embed.loaders.pdf import BrokenPdf, load_pdf
from embed.loaders.plain_text import decode, load_text


def pieces(extract: Extract) -> list[tuple[str, str]]:
    return [(block.kind, extract.text[block.start : block.end]) for block in extract.blocks]


MARKDOWN = """---
title: Tariff Book 2025
date: 2025-01-01
url: https://docs.example.com/tariffs
groups: [public, staff]
tags: [tariff, rates]
docket: 24-117
---

# Tariff Book 2025

Rates **apply** from [1 January](https://example.com/a)
on, see `RS-1`.

## Residential

| Charge | 2025 |
|---|---|
| Customer charge | $10.25 |

1. first
2. second
   - nested

```
pay = kwh * rate
```
"""


def test_markdown_keeps_structure_and_drops_markup() -> None:
    extract = load_markdown(MARKDOWN)
    assert pieces(extract) == [
        ("paragraph", "Rates apply from 1 January on, see RS-1."),
        ("table", "| Charge | 2025 |\n| Customer charge | $10.25 |"),
        ("item", "1. first"),
        ("item", "2. second"),
        ("item", "  - nested"),
        ("code", "pay = kwh * rate"),
    ]
    assert [block.section for block in extract.blocks[:2]] == [
        ("Tariff Book 2025",),
        ("Tariff Book 2025", "Residential"),
    ]
    assert "1. first\n2. second\n  - nested" in extract.text


def test_front_matter_becomes_title_groups_and_metadata_with_the_year() -> None:
    extract = load_markdown(MARKDOWN)
    assert extract.title == "Tariff Book 2025"
    assert extract.url == "https://docs.example.com/tariffs"
    assert extract.groups == ("public", "staff")
    assert extract.metadata == {
        "date": "2025-01-01",
        "docket": "24-117",
        "tags": ["tariff", "rates"],
        "year": "2025",
    }


def test_groups_may_be_written_as_one_line() -> None:
    assert load_markdown("---\ngroups: finance, legal\n---\nx").groups == ("finance", "legal")


def test_a_leading_rule_is_not_front_matter() -> None:
    assert split_front_matter("---\n\nWords after a rule.") == ({}, "---\n\nWords after a rule.")


@pytest.mark.parametrize("head", ["a: [1", "- a\n- b", "just words"])
def test_front_matter_that_is_no_mapping_is_refused(head: str) -> None:
    with pytest.raises(BadFrontMatter, match="front matter"):
        load_markdown(f"---\n{head}\n---\nbody")


HTML = """<html><head><title>Outage  map</title>
<meta name="date" content="2024-05-01"><meta name="groups" content="public">
<meta name="keywords" content="outage, map"><link rel="canonical" href="https://e.com/o">
<script>var x = "secret";</script><style>p {}</style></head>
<body><header>Site header</header><nav><ul><li>Menu</li></ul></nav>
<main><header><h1>Outages</h1></header><!-- hidden -->
<p>Call <b>0800</b> 1&nbsp;MW<sub>ac</sub>.<br>At once.</p>Loose words
<table><caption>Delays</caption><thead><tr><th>Zone</th><th>Hours</th></tr></thead>
<tr><td>North</td><td>4</td></tr></table>
<ul><li>one<ul><li>inner</li></ul></li><li>two</li></ul>
<div><h2>Later</h2><div>Nested <span>text</span></div></div>
</main><footer>Imprint</footer></body></html>"""


def test_html_keeps_the_main_content_and_drops_furniture() -> None:
    extract = load_html(HTML)
    assert pieces(extract) == [
        ("paragraph", "Call 0800 1 MWac. At once."),
        ("paragraph", "Loose words"),
        ("paragraph", "Delays"),
        ("table", "| Zone | Hours |\n| North | 4 |"),
        ("item", "- one"),
        ("item", "  - inner"),
        ("item", "- two"),
        ("paragraph", "Nested text"),
    ]
    for gone in ("secret", "Menu", "Site header", "Imprint", "hidden"):
        assert gone not in extract.text


def test_html_says_of_itself_what_its_head_says() -> None:
    extract = load_html(HTML)
    assert (extract.title, extract.url, extract.groups) == (
        "Outage map",
        "https://e.com/o",
        ("public",),
    )
    assert extract.metadata["year"] == "2024"
    assert extract.metadata["tags"] == ["outage", "map"]
    assert extract.blocks[-1].section == ("Outages", "Later")


def test_a_page_without_main_is_read_from_its_body() -> None:
    assert load_html("<p>Only this</p>").text == "Only this"


def test_plain_text_finds_headings_paragraphs_and_lists() -> None:
    extract = load_text(
        "Safety rules\n\nValid from 2024\nfor all sites.\n\n1. LOCKOUT\n\n- lock\n- tag\n  it\n\n"
        "Arc flash\n=========\n\nKeep away.\n"
    )
    assert extract.title == "Safety rules"
    assert pieces(extract) == [
        ("paragraph", "Valid from 2024 for all sites."),
        ("item", "- lock"),
        ("item", "- tag it"),
        ("paragraph", "Keep away."),
    ]
    assert extract.blocks[1].section == ("Safety rules", "1. LOCKOUT")
    assert extract.blocks[3].section == ("Safety rules", "Arc flash")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("5 ¢/kWh".encode(), "5 ¢/kWh"),
        ("5 ¢/kWh, Tübingen".encode("latin-1"), "5 ¢/kWh, Tübingen"),
        ("“40 €” – Tübingen’s".encode("cp1252"), "“40 €” – Tübingen’s"),
        (b"caf\xe9 \x81", "café \x81"),
        (b"\xef\xbb\xbfmark", "mark"),
        ("sixteen".encode("utf-16"), "sixteen"),
    ],
)
def test_text_is_decoded_as_utf8_else_latin1(raw: bytes, text: str) -> None:
    assert decode(raw) == text


def test_a_binary_file_is_not_text() -> None:
    with pytest.raises(ValueError, match="not a text file"):
        decode(b"PK\x03\x04\x00\x00")


def a_pdf(pages: int = 4, *, words: bool = True) -> bytes:
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=A4, invariant=1)
    canvas.setTitle("Annual Report")
    canvas.setKeywords("wind, report")
    for page in range(1, pages + 1):
        if words:
            canvas.setFont("Helvetica", 8)
            canvas.drawString(60, 810, "Harrow Ridge Wind LLC")
            canvas.drawString(500, 30, f"Page {page}")
            canvas.setFont("Helvetica-Bold", 16)
            canvas.drawString(60, 760, f"{page}. Results of part {page}")
            canvas.setFont("Helvetica", 10)
            canvas.drawString(60, 720, f"Part {page} produced 446,300 MWh, which is")
            canvas.drawString(60, 706, "more than a long-")
            canvas.drawString(60, 692, "term mean.")
            canvas.drawString(60, 660, "A second paragraph.")
            for row, cells in enumerate([("Month", "MWh"), ("March", "50,600")]):
                for column, cell in enumerate(cells):
                    canvas.drawString(60 + 150 * column, 600 - 18 * row, cell)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def test_pdf_recovers_headings_paragraphs_tables_and_pages() -> None:
    extract = load_pdf(a_pdf())
    assert pieces(extract)[:3] == [
        ("paragraph", "Part 1 produced 446,300 MWh, which is more than a long-term mean."),
        ("paragraph", "A second paragraph."),
        ("table", "| Month | MWh |\n| March | 50,600 |"),
    ]
    assert [block.page for block in extract.blocks] == [1] * 3 + [2] * 3 + [3] * 3 + [4] * 3
    assert extract.blocks[-1].section == ("4. Results of part 4",)
    assert extract.title == "Annual Report"
    assert extract.metadata["tags"] == ["wind", "report"]


def test_pdf_running_heads_and_page_numbers_are_dropped() -> None:
    text = load_pdf(a_pdf()).text
    assert "Harrow Ridge Wind LLC" not in text
    assert "Page" not in text


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"%PDF-1.4 nothing else", "not a readable PDF"),
        (a_pdf()[:700], "not a readable PDF|no text"),
        (a_pdf(words=False), "no text"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_broken_or_empty_pdf_is_refused_with_the_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(BrokenPdf, match=reason):
        load_pdf(raw)


def test_a_pdf_with_a_password_says_so_and_one_without_needed_is_read() -> None:
    def encrypted(user: str) -> bytes:
        writer = pypdf.PdfWriter(clone_from=io.BytesIO(a_pdf(1)))
        writer.encrypt(user, "owner", algorithm="AES-256")
        target = io.BytesIO()
        writer.write(target)
        return target.getvalue()

    with pytest.raises(BrokenPdf, match="encrypted with a password"):
        load_pdf(encrypted("secret"))
    assert "446,300 MWh" in load_pdf(encrypted("")).text


def test_a_docx_that_unpacks_to_gigabytes_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = io.BytesIO()
    docx.Document().save(target)
    monkeypatch.setattr("embed.loaders.docx.MAX_UNPACKED_BYTES", 1_000)
    with pytest.raises(BrokenDocx, match=r"unpacks to \d MB, the limit is 0 MB"):
        load_docx(target.getvalue())


def test_docx_keeps_order_headings_lists_and_merged_tables() -> None:
    document = docx.Document()
    document.core_properties.title = "Supply terms"
    document.core_properties.keywords = "hydrogen, contract"
    document.add_heading("Supply terms", 0)
    document.add_paragraph("Between two parties.")
    document.add_heading("1. Price", 1)
    table = document.add_table(rows=2, cols=2)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "Price per kg"
    table.cell(1, 0).text, table.cell(1, 1).text = "2025", "$5.60"
    document.add_paragraph("Take or pay", style="List Bullet")
    target = io.BytesIO()
    document.save(target)
    extract = load_docx(target.getvalue())
    assert pieces(extract) == [
        ("paragraph", "Between two parties."),
        ("table", "| Price per kg |\n| 2025 | $5.60 |"),
        ("item", "- Take or pay"),
    ]
    assert extract.blocks[1].section == ("Supply terms", "1. Price")
    assert (extract.title, extract.metadata["tags"]) == ("Supply terms", ["hydrogen", "contract"])


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04", b"plain words"])
def test_a_broken_docx_is_refused(raw: bytes) -> None:
    with pytest.raises(BrokenDocx):
        load_docx(raw)


@given(st.text(alphabet=st.sampled_from("ab 1.#|-*_`[](){}<>&\\\n\t¢é"), max_size=200))
def test_blocks_lie_in_order_inside_the_text_whatever_the_input(text: str) -> None:
    for load in (load_markdown, load_text, load_html):
        try:
            extract = load(text)
        except BadFrontMatter:
            continue
        at = 0
        for block in extract.blocks:
            assert at <= block.start < block.end <= len(extract.text)
            assert extract.text[block.start : block.end].strip()
            for start, end in block.rows:
                assert block.start <= start < end <= block.end
            at = block.end


CORPUS = Path(__file__).resolve().parents[2] / "corpus" / "documents"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("load", "refusal", "name"),
    [
        (load_pdf, BrokenPdf, "harrow-ridge-performance-2024.pdf"),
        (load_docx, BrokenDocx, "fennick-hydrogen-supply-terms.docx"),
    ],
)
@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), changes=st.sampled_from([1, 5, 50]), keep=st.floats(0.3, 1))
def test_a_damaged_file_is_read_or_refused_and_never_worse(
    load: Callable[[bytes], Extract],
    refusal: type[Exception],
    name: str,
    seed: int,
    changes: int,
    keep: float,
) -> None:
    generator = random.Random(seed)
    raw = bytearray((CORPUS / name).read_bytes())
    for _ in range(changes):
        raw[generator.randrange(len(raw))] = generator.randrange(256)
    with contextlib.suppress(refusal):
        load(bytes(raw[: int(len(raw) * (1 if keep > 0.7 else keep))]))
