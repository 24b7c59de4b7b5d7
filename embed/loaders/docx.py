"""Word documents (DOCX): paragraphs, headings, lists and tables in the order they are read."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from embed.document import Extract, TextBuilder
from embed.loaders.front_matter import metadata_of

_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)


class BrokenDocx(ValueError):
    """The bytes are not a Word document that can be opened."""


def load_docx(raw: bytes) -> Extract:
    """Extract a Word document; its core properties become metadata.

    Raises:
        BrokenDocx: not a ZIP, not a Word document, or damaged.
    """
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    try:
        document = docx.Document(io.BytesIO(raw))
    except (PackageNotFoundError, zipfile.BadZipFile, KeyError, ValueError, SyntaxError) as e:
        raise BrokenDocx(f"it is not a readable Word document ({e})") from e
    builder = TextBuilder()
    for block in document.iter_inner_content():
        if isinstance(block, docx.table.Table):
            # A merged cell is met once per column that it spans.
            rows = [[c.text for c in dict.fromkeys(row.cells)] for row in block.rows]
            builder.table(rows, has_header=len(rows) > 1)
        else:
            _paragraph(block, builder)
    text, blocks = builder.finish()
    core = document.core_properties
    fields = {
        "author": core.author or None,
        "date": core.created.date() if core.created else None,
        "description": core.subject or None,
        "tags": [k.strip() for k in core.keywords.split(",") if k.strip()] or None,
    }
    return Extract(
        text=text,
        blocks=blocks,
        title=core.title or builder.first_heading,
        metadata=metadata_of(fields),
    )


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
