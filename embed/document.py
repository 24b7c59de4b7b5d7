"""A loaded document: its extracted text, and the blocks that say how the text is built up.

Every loader produces this; the chunker reads nothing else. All positions are characters of
``text``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from copilot.index_bundle.texts import Metadata

Span = tuple[int, int]
BlockKind = Literal["paragraph", "item", "table", "code"]


@dataclass(frozen=True)
class Block:
    """A piece of text that is cut only if it is too long by itself.

    ``section`` is the path of headings above it; ``rows`` the spans of a table's rows, the first
    of them its header if ``has_header``.
    """

    kind: BlockKind
    start: int
    end: int
    section: tuple[str, ...]
    page: int | None = None
    rows: tuple[Span, ...] = ()
    has_header: bool = False


@dataclass(frozen=True)
class Document:
    """A document as read. ``path`` is relative to the corpus root, with forward slashes."""

    path: str
    title: str
    text: str
    blocks: tuple[Block, ...]
    url: str | None = None
    groups: tuple[str, ...] = ()
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True)
class Extract:
    """What a loader returns: a document without its place in the corpus.

    ``title``, ``url``, ``groups`` and ``metadata`` are what the file says of itself.
    """

    text: str
    blocks: tuple[Block, ...]
    title: str | None = None
    url: str | None = None
    groups: tuple[str, ...] = ()
    metadata: Metadata = field(default_factory=dict)


class TextBuilder:
    """Collects blocks in reading order and lays out the extracted text."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._headings: list[tuple[int, str]] = []
        self._bare: tuple[Span, int | None] | None = None
        self.page: int | None = None
        self.first_heading: str | None = None

    def heading(self, level: int, text: str) -> None:
        """Open a section of ``level`` (0, a title, is the highest); deeper and equal ones end.

        A section that ends empty was no heading but a line that looked like one: it becomes a
        paragraph, so that what it says can be found.
        """
        text = " ".join(text.split())
        if not text:
            return
        if self.first_heading is None:
            self.first_heading = text
        if self._headings and self._headings[-1][0] >= level:
            self._keep_bare()
        self._headings = [h for h in self._headings if h[0] < level]
        self._headings.append((level, text))
        start = self._append(text)
        self._bare = (start, start + len(text)), self.page

    def paragraph(self, text: str) -> None:
        """Add running text; line breaks and runs of space become one space."""
        self._block("paragraph", " ".join(text.split()))

    def item(self, text: str, marker: str = "-", depth: int = 0) -> None:
        """Add a list item with its marker ("-", "3."), indented by ``depth``."""
        body = " ".join(text.split())
        self._block("item", f"{'  ' * depth}{marker} {body}" if body else "")

    def code(self, text: str) -> None:
        """Add preformatted text as it is."""
        self._block("code", text.strip("\n"))

    def table(self, rows: Sequence[Sequence[str]], *, has_header: bool) -> None:
        """Add a table, one line per row with cells between bars; empty rows are dropped."""
        lines = [_row(cells) for cells in rows if any(cell.strip() for cell in cells)]
        if not lines:
            return
        start = self._append("\n".join(lines))
        spans: list[Span] = []
        at = start
        for line in lines:
            spans.append((at, at + len(line)))
            at += len(line) + 1
        self._add("table", start, at - 1, tuple(spans), has_header=has_header)

    def finish(self) -> tuple[str, tuple[Block, ...]]:
        """Return the text and its blocks."""
        if self._blocks:
            self._keep_bare()
        return "".join(self._parts), tuple(self._blocks)

    def _keep_bare(self) -> None:
        """Make a paragraph of the last heading if nothing stands under it."""
        if self._bare is not None:
            (start, end), page = self._bare
            above = tuple(text for _, text in self._headings[:-1])
            self._blocks.append(Block("paragraph", start, end, above, page))
            self._bare = None

    def _block(self, kind: BlockKind, text: str) -> None:
        if text:
            together = kind == "item" and self._last_is_item()
            start = self._append(text, "\n" if together else "\n\n")
            self._add(kind, start, start + len(text))

    def _add(
        self,
        kind: BlockKind,
        start: int,
        end: int,
        rows: tuple[Span, ...] = (),
        *,
        has_header: bool = False,
    ) -> None:
        section = tuple(text for _, text in self._headings)
        self._bare = None
        self._blocks.append(Block(kind, start, end, section, self.page, rows, has_header))

    def _last_is_item(self) -> bool:
        """Whether the text so far ends with a list item (no heading came after it)."""
        last = self._blocks[-1] if self._blocks else None
        return last is not None and last.kind == "item" and last.end == self._length

    def _append(self, text: str, separator: str = "\n\n") -> int:
        if self._parts:
            self._parts.append(separator)
            self._length += len(separator)
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        return start


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()) for cell in cells) + " |"
