"""Word documents (DOCX): paragraphs, headings, lists and tables in the order they are read."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from embed.document import Extract, TextBuilder
from embed.loaders.damage import DAMAGE
from embed.loaders.front_matter import metadata_of

_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)


MAX_UNPACKED_BYTES = 512 * 1024 * 1024
"""What the parts of a document may add up to; a few kilobytes can unpack to gigabytes."""


class BrokenDocx(ValueError):
    """The bytes are not a Word document that can be opened."""


def load_docx(raw: bytes) -> Extract:
    """Extract a Word document; its core properties become metadata.

    Raises:
        BrokenDocx: not a ZIP, not a Word document, damaged, or too large when unpacked.
    """
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    damage: tuple[type[Exception], ...] = (PackageNotFoundError, *DAMAGE)
    builder = TextBuilder()
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
        if unpacked > MAX_UNPACKED_BYTES:
            raise BrokenDocx(
                f"it unpacks to {unpacked / 2**20:.0f} MB, the limit is "
                f"{MAX_UNPACKED_BYTES / 2**20:.0f} MB; split it or save it without its pictures"
            )
        document = docx.Document(io.BytesIO(raw))
        for block in document.iter_inner_content():
            if isinstance(block, docx.table.Table):
                # A merged cell is met once per column that it spans.
                rows = [[c.text for c in dict.fromkeys(row.cells)] for row in block.rows]
                builder.table(rows, has_header=len(rows) > 1)
            else:
                _paragraph(block, builder)
        fields = _fields(document.core_properties)
    except BrokenDocx:
        raise
    except damage as error:
        raise BrokenDocx(f"it is not a readable Word document ({error})") from error
    text, blocks = builder.finish()
    title = fields.pop("title") or builder.first_heading
    return Extract(text=text, blocks=blocks, title=title, metadata=metadata_of(fields))


def _fields(core: Any) -> dict[str, Any]:
    return {
        "title": core.title or None,
        "author": core.author or None,
        "date": core.created.date() if core.created else None,
        "description": core.subject or None,
        "tags": [k.strip() for k in core.keywords.split(",") if k.strip()] or None,
    }


def _paragraph(paragraph: Any, builder: TextBuilder) -> None:
    style = paragraph.style.name or "" if paragraph.style else ""
    found = _HEADING.match(style)
    if found:
        builder.heading(int(found.group(1)), paragraph.text)
    elif style == "Title":
        builder.heading(0, paragraph.text)
    elif style.startswith("List"):
        builder.item(paragraph.text)
    else:
        builder.paragraph(paragraph.text)
