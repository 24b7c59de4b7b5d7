"""Sentences and words of a passage, with their places. Pure."""

from __future__ import annotations

import re

from msgspec import Struct

_END = re.compile(r"[.!?][\"'”’)\]]*(?=\s+[\"'“‘(\[*]*[A-Z0-9])|\n+")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Z]|e\.g|i\.e|etc|approx|ca|cf|vs|no|nos|art|sec|fig|eq|inc|ltd|co|corp|"
    r"dr|mr|mrs|ms|st|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|u\.s)\.$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^\s*(?:[-*+]\s+)?(?:\(?\w{1,3}[.)]|\d+(?:\.\d+)*\.?)$")
_BARS = re.compile(r"\s*\|(?:\s*\|)*\s*")
_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*")

_STOPWORDS = (
    "a an and are as at be been being but by can could did do does for from had has have how i if "
    "in into is it its may me might must my no not of on or our shall should so such than that the "
    "their theirs them then there these they this those to under upon was we were what when where "
    "which while who whom whose why will with would you your about also any all each per"
)
STOPWORDS: frozenset[str] = frozenset(_STOPWORDS.split())
"""Words that say nothing about the subject of a question."""


class Sentence(Struct, frozen=True):
    """A sentence (or a line of a list or table) and its character span in the passage."""

    text: str
    start: int
    end: int


def split(text: str) -> list[Sentence]:
    """Cut ``text`` into sentences; lines end sentences, abbreviations and numbering do not.

    The spans are in order, do not overlap and leave out nothing but white space.
    """
    found: list[Sentence] = []
    begin = 0
    for match in _END.finditer(text):
        if match[0][0] != "\n" and _is_inside(text[begin : match.start() + 1]):
            continue
        _append(found, text, begin, match.end())
        begin = match.end()
    _append(found, text, begin, len(text))
    return found


def _is_inside(head: str) -> bool:
    """Whether the full stop that ends ``head`` does not end a sentence."""
    return bool(_ABBREVIATION.search(head) or _NUMBERED.match(head))


def _append(found: list[Sentence], text: str, begin: int, end: int) -> None:
    piece = text[begin:end]
    stripped = piece.strip()
    if stripped:
        start = begin + len(piece) - len(piece.lstrip())
        found.append(Sentence(stripped, start, start + len(stripped)))


def is_table_row(sentence: str) -> bool:
    """Whether a line is a row of a table; rows keep their bars in every format."""
    return sentence.startswith("|")


def without_bars(text: str) -> str:
    """Table rows for people: cells are parted by dots, and the text stands on one line."""
    cells = _BARS.sub(" · ", " ".join(text.split()))
    return cells.strip(" ·")


def words(text: str) -> list[str]:
    """Lower-case words and numbers in order ("1,000.5" is one)."""
    return [match[0].lower() for match in _WORD.finditer(text)]


def content_words(text: str) -> list[str]:
    """The words of ``text`` that can carry its subject, crudely stemmed."""
    return [stem(word) for word in words(text) if word not in STOPWORDS]


def stem(word: str) -> str:
    """Fold the commonest English endings, so that "payments" meets "payment"."""
    if word[:1].isdigit() or len(word) <= 4:
        return word
    for ending in ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word
