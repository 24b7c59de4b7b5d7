"""Cut a document into chunks along its structure. Pure.

A chunk never crosses a page, is at most ``max_chars`` long, and is exactly ``text[start:end]`` of
its document. It crosses a heading only where a few opening words ("Prepared by ...") stand above
the first subsection: alone they would say nothing, so they join it. Blocks are cut only if they are
too long by themselves: paragraphs between sentences, tables between rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from embed.document import Block, Document, Span

MAX_CHARS = 900
MIN_CHARS = 100
STRATEGY = "structure-2"

_SENTENCE_END = re.compile(r"(?<=[.!?;:])[\"”’)\]]*\s+(?=[\"“‘(\[]?[A-Z0-9§$€£-])")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Chunk:
    """A piece of a document. ``lead`` goes before the text for embedding and lexical search."""

    start: int
    end: int
    lead: str
    section: str | None
    page: int | None


def chunk_document(
    document: Document, *, max_chars: int = MAX_CHARS, min_chars: int = MIN_CHARS
) -> list[Chunk]:
    """Return the chunks of ``document`` in reading order.

    What opens a section with less than ``min_chars`` joins its first subsection, if both fit.
    """
    chunks: list[Chunk] = []
    opening: tuple[Chunk, Sequence[str]] | None = None
    for (section, page), blocks in groupby(document.blocks, key=lambda b: (b.section, b.page)):
        lead = heading_lead(document.title, section)
        shown = " > ".join(_below_title(document.title, section)) or None
        cut = [
            Chunk(start, end, f"{lead}\n{header}" if header else lead, shown, page)
            for start, end, header in _pack(document.text, list(blocks), max_chars)
        ]
        if opening and _opens(*opening, cut[0], section, max_chars):
            chunks.pop()
            cut[0] = replace(cut[0], start=opening[0].start)
        chunks.extend(cut)
        short = len(cut) == 1 and cut[0].end - cut[0].start < min_chars
        opening = (cut[0], section) if short else None
    return chunks


def _opens(
    short: Chunk, above: Sequence[str], first: Chunk, section: Sequence[str], limit: int
) -> bool:
    """Whether ``short``, the text of the headings ``above``, leads into ``first``."""
    inside = len(section) > len(above) and tuple(section[: len(above)]) == tuple(above)
    return inside and short.page == first.page and first.end - short.start <= limit


def heading_lead(title: str, section: Sequence[str]) -> str:
    """Return "Title > Section > Subsection", the title once."""
    return " > ".join([title, *_below_title(title, section)])


def _below_title(title: str, section: Sequence[str]) -> Sequence[str]:
    """Leave out a first heading that repeats the title, whatever its punctuation."""
    same = bool(section) and _letters(section[0]) == _letters(title)
    return section[1:] if same else section


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _pack(text: str, blocks: Sequence[Block], limit: int) -> Iterator[tuple[int, int, str]]:
    """Fill chunks with whole blocks in order; yield start, end and a cut table's header row."""
    held: list[Block] = []
    for block in blocks:
        if held and block.end - held[0].start > limit:
            # "The charges are:" belongs to what follows.
            carried = [held[-1]] if len(held) > 1 and text[held[-1].end - 1] == ":" else []
            if carried and block.end - carried[0].start > limit:
                carried = []
            whole = held[: len(held) - len(carried)]
            yield whole[0].start, whole[-1].end, ""
            held = carried
        if block.end - block.start > limit:
            yield from _cut(text, block, limit)
        else:
            held.append(block)
    if held:
        yield held[0].start, held[-1].end, ""


def _cut(text: str, block: Block, limit: int) -> Iterator[tuple[int, int, str]]:
    if block.kind != "table":
        for start, end in merge(sentences(text, block.start, block.end, limit), limit):
            yield start, end, ""
        return
    pieces = [p for row in block.rows for p in sentences(text, *row, limit)]
    header = text[slice(*block.rows[0])] if block.has_header else ""
    for start, end in merge(pieces, limit):
        yield start, end, header if start != block.start else ""


def merge(pieces: Sequence[Span], limit: int) -> Iterator[Span]:
    """Join neighbours into spans of about equal length, none above ``limit``."""
    total = pieces[-1][1] - pieces[0][0]
    aim = total / -(-total // limit)
    start, end = pieces[0]
    for following in pieces[1:]:
        if following[1] - start > limit or (end - start) >= aim:
            yield start, end
            start = following[0]
        end = following[1]
    yield start, end


def sentences(text: str, start: int, end: int, limit: int) -> list[Span]:
    """Spans of sentences; one longer than ``limit`` is cut at spaces, a longer word anywhere."""
    spans: list[Span] = []
    at = start
    for found in [*_SENTENCE_END.finditer(text, start, end), None]:
        stop = found.start() if found else end
        spans.extend(_words(text, at, stop, limit))
        at = found.end() if found else end
    return spans


def _words(text: str, start: int, end: int, limit: int) -> Iterator[Span]:
    while end - start > limit:
        spaces = [m.span() for m in _SPACE.finditer(text, start, start + limit + 1)]
        stop, following = spaces[-1] if spaces else (start + limit, start + limit)
        if stop <= start:
            stop = following = start + limit
        yield start, stop
        start = following
    if end > start:
        yield start, end
