"""Words found in a text: all of them, in any case, with an excerpt around the first. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_BEFORE_CHARS = 60
_EXCERPT_CHARS = 220

Mark = tuple[int, int]
Pattern = re.Pattern[str]


def patterns_of(query: str) -> list[Pattern]:
    """One pattern for each word of the query."""
    return [re.compile(re.escape(word), re.IGNORECASE) for word in dict.fromkeys(query.split())]


def find(text: str, patterns: Sequence[Pattern]) -> tuple[str, list[Mark]] | None:
    """An excerpt of ``text`` with the character spans of the words in it; ``None`` unless every
    word occurs in ``text``."""
    found = [pattern.search(text) for pattern in patterns]
    starts = [match.start() for match in found if match]
    if not starts or len(starts) < len(patterns):
        return None
    begin = _word_start(text, max(0, min(starts) - _BEFORE_CHARS))
    excerpt = " ".join(text[begin : begin + _EXCERPT_CHARS].split())
    return excerpt, _marks(excerpt, patterns)


def _word_start(text: str, at: int) -> int:
    """The beginning of the first whole word from ``at`` on, if one is near."""
    if at == 0:
        return 0
    space = text.find(" ", at, at + 20)
    return space + 1 if space >= 0 else at


def _marks(excerpt: str, patterns: Sequence[Pattern]) -> list[Mark]:
    """The spans of all words, joined where they overlap."""
    spans = sorted(m.span() for pattern in patterns for m in pattern.finditer(excerpt))
    joined: list[Mark] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined
