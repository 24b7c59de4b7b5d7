"""Passages as a person sees them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from copilot.wire import Source
from inference.ports import Passage
from inference.text.sentences import without_bars

_SNIPPET_CHARS = 280


def sources_of(passages: Sequence[Passage]) -> list[Source]:
    """Passages as a person sees them, numbered from 1."""
    return [_source(str(number), passage) for number, passage in enumerate(passages, 1)]


def _source(number: str, passage: Passage) -> Source:
    snippet = without_bars(passage.text)
    if len(snippet) > _SNIPPET_CHARS:
        snippet = snippet[:_SNIPPET_CHARS].rsplit(" ", 1)[0] + " …"
    return Source(
        id=number,
        title=passage.title,
        snippet=snippet,
        score=round(passage.score, 4),
        document=passage.document,
        chunk_id=passage.chunk_id,
        url=passage.url,
        page=passage.page,
        section=passage.section,
    )
