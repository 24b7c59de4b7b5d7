"""PDF files: lines, paragraphs, headings and tables recovered from where the text stands.

pypdf gives fragments with position and font size. Fragments of one line that stand apart are the
cells of a table; a larger gap between lines ends a paragraph; larger or bold lines are headings;
lines that repeat in the margins of the pages are running heads.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from embed.document import Extract, TextBuilder
from embed.loaders.damage import DAMAGE
from embed.loaders.front_matter import metadata_of

_HEADING_RATIO = 1.12
_PARAGRAPH_GAP = 1.6
_MAX_HEADING = 160
_GLYPH_WIDTH = 0.5
_MARGIN = 0.1


class BrokenPdf(ValueError):
    """The file cannot be read, or holds no text."""


@dataclass
class Line:
    """One line of a page: its cells, position in points from the lower left, and type size."""

    page: int
    x: float
    y: float
    size: float
    bold: bool
    cells: list[str]
    in_margin: bool
    right: float = field(default=0.0)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.cells).split())


def load_pdf(raw: bytes) -> Extract:
    """Extract a PDF; every block carries its page number, counted from 1.

    Raises:
        BrokenPdf: damaged, encrypted with a password, or without text (scanned pages).
    """
    import pypdf
    from pypdf.errors import DependencyError, PyPdfError

    damage: tuple[type[Exception], ...] = (PyPdfError, *DAMAGE)
    try:
        reader = pypdf.PdfReader(io.BytesIO(raw))
        if reader.is_encrypted and not reader.decrypt(""):
            raise BrokenPdf("it is encrypted with a password")
        lines = [line for n, page in enumerate(reader.pages, start=1) for line in _lines(page, n)]
        information = dict(reader.metadata or {})
        pages = len(reader.pages)
    except BrokenPdf:
        raise
    except DependencyError as error:
        raise BrokenPdf("it is encrypted with AES; save it without encryption") from error
    except damage as error:
        raise BrokenPdf(f"it is not a readable PDF ({type(error).__name__}: {error})") from error
    lines = _without_running_heads(lines, pages)
    if not lines:
        raise BrokenPdf("it holds no text; scanned pages need OCR first")
    builder = TextBuilder()
    _lay_out(lines, builder)
    text, blocks = builder.finish()
    return Extract(
        text=text,
        blocks=blocks,
        title=_information(information, "/Title") or builder.first_heading,
        metadata=metadata_of(
            {
                "author": _information(information, "/Author"),
                "date": _date(_information(information, "/CreationDate")),
                "description": _information(information, "/Subject"),
                "tags": _tags(_information(information, "/Keywords")),
            }
        ),
    )


def _lines(page: Any, number: int) -> list[Line]:
    """Group the fragments of a page, in the order of the content stream, into lines."""
    lines: list[Line] = []
    broken = True
    bottom, height = float(page.mediabox.bottom), float(page.mediabox.height)

    def visit(text: str, cm: list[float], tm: list[float], font: Any, size: float) -> None:
        nonlocal broken
        plain = text.replace("\u00ad", "").strip("\n")
        if plain.strip():
            scale = abs(tm[3] * cm[3]) or 1.0
            x, y = cm[0] * tm[4] + cm[4], cm[3] * tm[5] + cm[5]
            bold = "Bold" in str((font or {}).get("/BaseFont", ""))
            margin = not _MARGIN < (y - bottom) / height < 1 - _MARGIN
            _place(lines, Line(number, x, y, size * scale, bold, [plain], margin), broken=broken)
        broken = text.endswith("\n") or (broken and not plain.strip())

    page.extract_text(visitor_text=visit)
    return lines


def _place(lines: list[Line], piece: Line, *, broken: bool) -> None:
    width = len(piece.cells[0]) * piece.size * _GLYPH_WIDTH
    piece.right = piece.x + width
    last = lines[-1] if lines else None
    if last is None or abs(last.y - piece.y) > 0.4 * max(piece.size, 1.0):
        lines.append(piece)
    elif broken or piece.x - last.right > piece.size:
        last.cells.append(piece.cells[0])
        last.right = piece.right
    else:
        last.cells[-1] += piece.cells[0]
        last.right += width


def _without_running_heads(lines: list[Line], pages: int) -> list[Line]:
    def place(line: Line) -> tuple[str, int]:
        return re.sub(r"\d+", "#", line.text), round(line.y)

    # Chapter headings stand in the same place too, but in larger type.
    body = _body_size(lines)
    found = [line for line in lines if line.in_margin and not _larger(line, body)]
    seen = Counter(key for key, _ in {(place(line), line.page) for line in found})
    furniture = {id(line) for line in found if seen[place(line)] >= max(3, pages // 2)}
    return [line for line in lines if line.text and id(line) not in furniture]


def _body_size(lines: list[Line]) -> float:
    """The type size that most characters have; 0 where there are none."""
    weight: Counter[float] = Counter()
    for line in lines:
        weight[round(line.size, 1)] += len(line.text)
    return weight.most_common(1)[0][0] if weight else 0.0


def _lay_out(lines: list[Line], builder: TextBuilder) -> None:
    body = _body_size(lines)
    ranks = sorted({round(ln.size, 1) for ln in lines if _larger(ln, body)}, reverse=True)
    for group in _groups(lines, body):
        builder.page = group[0].page
        first, text = group[0], _joined(group)
        if len(first.cells) > 1:
            builder.table([line.cells for line in group], has_header=first.bold)
        elif _larger(first, body) and len(text) <= _MAX_HEADING:
            builder.heading(ranks.index(round(first.size, 1)) + 1, text)
        elif first.bold and len(group) == 1 and len(text) <= _MAX_HEADING and text[-1] not in ".;,":
            builder.heading(len(ranks) + 1, text)
        else:
            builder.paragraph(text)


def _larger(line: Line, body: float) -> bool:
    return line.size >= body * _HEADING_RATIO


def _groups(lines: list[Line], body: float) -> Iterator[list[Line]]:
    """Yield runs of lines that belong to one paragraph, one heading or one table."""
    run = [lines[0]]
    for above, line in pairwise(lines):
        table = len(line.cells) > 1
        gap = above.y - line.y
        same = (
            above.page == line.page
            and table == (len(above.cells) > 1)
            and (table or 0 <= gap <= _PARAGRAPH_GAP * max(line.size, above.size))
            and abs(above.size - line.size) < 0.1 * body
            and (table or above.bold == line.bold)
        )
        if same:
            run.append(line)
        else:
            yield run
            run = [line]
    yield run


def _joined(group: list[Line]) -> str:
    text = ""
    for line in group:
        hyphened = text.endswith("-") and line.text[:1].islower()
        text += line.text if hyphened or not text else f" {line.text}"
    return text


def _information(information: dict[str, Any], name: str) -> str | None:
    value = information.get(name)
    return str(value).strip() or None if value is not None else None


def _date(value: str | None) -> str | None:
    found = re.match(r"D:(\d{4})(\d{2})(\d{2})", value or "")
    return "-".join(found.groups()) if found else None


def _tags(value: str | None) -> list[str] | None:
    return [tag.strip() for tag in re.split("[,;]", value) if tag.strip()] if value else None
