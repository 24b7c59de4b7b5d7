"""Renders the corpus documents that are binaries: one PDF and one DOCX, from text in `sources/`.

Run as `python corpus/render.py`. The same text gives the same bytes, so a rebuilt index does not
see a change where there is none. It never writes outside `documents/`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

import yaml
from docx import Document
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

ROOM = Path(__file__).resolve().parent
SOURCES = ROOM / "sources"
DOCUMENTS = ROOM / "documents"
PAGE_BREAK = "<!-- page -->"
# The oldest time that a ZIP entry can carry: python-docx stamps entries with the time of the run.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Block:
    """One block of a source: `level` is 1-3 for a heading, `rows` is filled for a table."""

    kind: str
    text: str = ""
    level: int = 0
    rows: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class Source:
    """A parsed source: the front matter and the blocks below it, in order."""

    meta: dict[str, str]
    blocks: list[Block]


def read_source(path: Path) -> Source:
    """Parse `path`: YAML front matter, then blocks that are separated by blank lines."""
    _, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
    meta = {key: str(value) for key, value in yaml.safe_load(head).items()}
    return Source(meta, list(_blocks(body)))


def _blocks(body: str) -> Iterator[Block]:
    for part in body.strip().split("\n\n"):
        text = part.strip()
        if text == PAGE_BREAK:
            yield Block("page_break")
        elif text.startswith("#"):
            marks, heading = text.split(" ", 1)
            yield Block("heading", heading, len(marks))
        elif text.startswith("|"):
            lines = [line.strip("|").split("|") for line in text.splitlines()]
            rows = [[cell.strip() for cell in line] for line in lines]
            yield Block("table", rows=[rows[0], *rows[2:]])
        else:
            yield Block("paragraph", " ".join(text.split()))


class _Report(BaseDocTemplate):  # type: ignore[misc]
    """A document template that gives every heading an entry in the outline."""

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 - reportlab calls this name
        level = getattr(flowable, "outline_level", None)
        if level is None:
            return
        key = f"h{self.seq.nextf('heading')}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(flowable.getPlainText(), key, level=level)


def pdf(source: Source) -> bytes:
    """Return `source` as a PDF with title metadata, an outline, and a running head and foot."""
    target = io.BytesIO()
    report = _Report(
        target,
        pagesize=A4,
        title=source.meta["title"],
        author=source.meta["author"],
        subject=source.meta["subject"],
        keywords=source.meta["keywords"],
        creator="corpus/render.py",
        invariant=1,
    )
    written = datetime.fromisoformat(source.meta["date"])
    frame = Frame(22 * mm, 22 * mm, A4[0] - 44 * mm, A4[1] - 44 * mm, id="body")

    def furniture(canvas: Canvas, document: BaseDocTemplate) -> None:
        canvas.setDateFormatter(lambda *_: written.strftime("D:%Y%m%d%H%M%S+00'00'"))
        canvas.setFont("Helvetica", 8)
        canvas.drawString(22 * mm, A4[1] - 14 * mm, source.meta["author"])
        canvas.drawRightString(A4[0] - 22 * mm, 12 * mm, f"Page {document.page}")

    report.addPageTemplates(PageTemplate(id="page", frames=[frame], onPage=furniture))
    report.build([flowable for block in source.blocks for flowable in _flowables(block)])
    return target.getvalue()


def _flowables(block: Block) -> Iterator[Flowable]:
    styles = getSampleStyleSheet()
    if block.kind == "page_break":
        yield PageBreak()
    elif block.kind == "heading":
        heading = Paragraph(escape(block.text), styles[f"Heading{block.level}"])
        heading.outline_level = block.level - 1
        yield heading
    elif block.kind == "table":
        table = Table(block.rows, hAlign="LEFT", repeatRows=1)
        table.setStyle(
            TableStyle(
                [
                    ("GRID", (0, 0), (-1, -1), 0.4, colors.grey),
                    ("FONT", (0, 0), (-1, 0), "Helvetica-Bold"),
                    ("FONT", (0, 1), (-1, -1), "Helvetica"),
                    ("FONTSIZE", (0, 0), (-1, -1), 9),
                ]
            )
        )
        yield table
        yield Spacer(1, 4 * mm)
    else:
        body = ParagraphStyle("body", parent=styles["BodyText"], fontSize=10.5, leading=15)
        yield Paragraph(escape(block.text), body)
        yield Spacer(1, 1.5 * mm)


def docx(source: Source) -> bytes:
    """Return `source` as a DOCX with built-in heading styles, tables and title metadata."""
    document = Document()
    written = datetime.fromisoformat(source.meta["date"])
    properties = document.core_properties
    properties.title = source.meta["title"]
    properties.author = source.meta["author"]
    properties.subject = source.meta["subject"]
    properties.keywords = source.meta["keywords"]
    properties.created = properties.modified = written
    for block in source.blocks:
        if block.kind == "heading":
            document.add_heading(block.text, level=block.level)
        elif block.kind == "table":
            table = document.add_table(rows=0, cols=len(block.rows[0]), style="Table Grid")
            for row in block.rows:
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = text
        elif block.kind == "paragraph":
            document.add_paragraph(block.text)
    raw = io.BytesIO()
    document.save(raw)
    return _with_fixed_times(raw)


def _with_fixed_times(archive: io.BytesIO) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))
    return target.getvalue()


def render() -> dict[str, bytes]:
    """Return the bytes of every rendered document by its file name in `documents/`."""
    return {
        "harrow-ridge-performance-2024.pdf": pdf(
            read_source(SOURCES / "harrow-ridge-performance-2024.md")
        ),
        "fennick-hydrogen-supply-terms.docx": docx(
            read_source(SOURCES / "fennick-hydrogen-supply-terms.md")
        ),
    }


def main() -> None:
    """Write the rendered documents."""
    for name, content in render().items():
        (DOCUMENTS / name).write_bytes(content)


if __name__ == "__main__":
    main()
