"""Plain text: paragraphs at blank lines, headings where a line looks like nothing else."""

from __future__ import annotations

import re

from embed.document import Extract, TextBuilder

_MAX_HEADING = 80
_NUMBERED = re.compile(r"(?:§\s*)?\d+(?:\.\d+)*[.)]?\s+\S")
_UNDERLINE = re.compile(r"(=+|-{3,})")
_ITEM = re.compile(r"\s*([-*•]|\d+[.)])\s+")


def decode(raw: bytes) -> str:
    """Decode UTF-8 (with or without a mark); what is not UTF-8 is read as Latin-1.

    Latin-1 as browsers and Windows mean it (windows-1252, which has "€" and “quotes” where Latin-1
    has control characters), unless a byte has no meaning there.

    Raises:
        ValueError: the bytes are not text at all (they hold NUL).
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16")
    if b"\x00" in raw:
        raise ValueError("it is not a text file (it holds NUL bytes)")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def load_text(text: str) -> Extract:
    """Extract a plain-text document. Its title is a first line that stands alone."""
    builder = TextBuilder()
    title: str | None = None
    for number, part in enumerate(re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip("\n"))):
        lines = part.splitlines()
        if len(lines) == 2 and _UNDERLINE.fullmatch(lines[1].strip()):
            lines = lines[:1]
            heading = True
        else:
            heading = len(lines) == 1 and _looks_like_heading(lines[0], first=number == 0)
        if heading:
            builder.heading(1 if number == 0 else 2, lines[0])
            title = title or (lines[0].strip() if number == 0 else None)
        elif lines and all(_ITEM.match(line) or line.startswith("  ") for line in lines):
            _items(lines, builder)
        else:
            builder.paragraph(part)
    extracted, blocks = builder.finish()
    return Extract(text=extracted, blocks=blocks, title=title)


def _looks_like_heading(line: str, *, first: bool) -> bool:
    line = line.strip()
    if not line or len(line) > _MAX_HEADING or line[-1] in ".,;:!?":
        return False
    letters = [c for c in line if c.isalpha()]
    shouted = len(letters) >= 3 and all(c.isupper() for c in letters)
    return first or shouted or _NUMBERED.match(line) is not None


def _items(lines: list[str], builder: TextBuilder) -> None:
    items: list[tuple[str, str]] = []
    for line in lines:
        found = _ITEM.match(line)
        if found:
            items.append((found.group(1), line[found.end() :]))
        elif items:
            items[-1] = (items[-1][0], f"{items[-1][1]} {line.strip()}")
        else:
            builder.paragraph(line)
    for marker, text in items:
        builder.item(text, "-" if marker in "-*•" else marker)
