"""A conversation as a Markdown file: one branch, its citations as footnotes. Pure.

What documents say of themselves (titles, sections, quotes, addresses) stays text in the file: no
HTML, no image, no address but of the web.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from copilot.wire import Citation, Source
from http_api.models.conversations import Turn

_MARKER = re.compile(r"\[[0-9 \t,;\u2013-]+\]")
_NUMBER = re.compile(r"\d+")
_MEANS_SOMETHING = re.compile(r"([\\`*_\[\]<>!#|~])")
_WEB_ADDRESS = re.compile(r"https?://[^\s<>]+")


def file_name(title: str, suffix: str) -> str:
    """A file name of plain letters and digits."""
    words = re.findall(r"[a-z0-9]+", title.lower())
    return f"{'-'.join(words)[:60].strip('-') or 'conversation'}.{suffix}"


def markdown(title: str, branch: Sequence[Turn]) -> str:
    """The branch as Markdown; footnotes are numbered by turn and source."""
    parts = [f"# {' '.join(title.split())}"]
    for number, turn in enumerate(branch, 1):
        parts.append("\n".join(f"> {line}" for line in turn.question.splitlines()))
        parts.append(_answer(turn, number))
        notes = [_footnote(source, turn, number) for source in turn.sources]
        if notes:
            parts.append("\n".join(notes))
    return "\n\n".join(part for part in parts if part) + "\n"


def _answer(turn: Turn, number: int) -> str:
    known = {source.id for source in turn.sources}
    text = turn.text
    places = sorted({c.at for c in turn.end.citations}, reverse=True) if turn.end else []
    for at in places:
        marker = _MARKER.match(text, at)
        ids = _NUMBER.findall(marker[0]) if marker else []
        if marker and ids and set(ids) <= known:
            notes = "".join(f"[^{number}-{source_id}]" for source_id in ids)
            text = text[:at] + notes + text[marker.end() :]
    if turn.state in ("cancelled", "truncated", "error"):
        return f"{text}\n\n*(This answer is not complete: {turn.state}.)*".strip()
    return text.strip()


def _footnote(source: Source, turn: Turn, number: int) -> str:
    place = [f"page {source.page}" if source.page is not None else "", _text(source.section or "")]
    parts = [_text(source.title), *(part for part in place if part)]
    quotes = _quotes(turn.end.citations if turn.end else [], source.id)
    link = f" <{source.url}>" if source.url and _WEB_ADDRESS.fullmatch(source.url) else ""
    said = f": {'; '.join(quotes)}" if quotes else ""
    return f"[^{number}-{source.id}]: {', '.join(parts)}{said}{link}"


def _quotes(citations: Sequence[Citation], source_id: str) -> list[str]:
    quotes = (" ".join(c.quote.split()) for c in citations if c.source_id == source_id)
    return [f"\u201c{_text(quote)}\u201d" for quote in dict.fromkeys(quotes) if quote]


def _text(said: str) -> str:
    """``said`` in one line that means nothing in Markdown (CommonMark 0.31, 2.4)."""
    return _MEANS_SOMETHING.sub(r"\\\1", " ".join(said.split()))
