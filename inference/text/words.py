"""The words of a text as the lexical index knows them: the same for a chunk and for a question.

Changing anything here changes what an index means; raise ``ANALYSER`` with it, so that the reader
refuses older bundles.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

ANALYSER = "english-2"

# A decimal or a grouped number is one word; everything else splits at non-word characters.
_WORD = re.compile(r"\d+(?:[.,]\d+)*|\w+")
_HYPHENATED = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")

_GREEK = {
    chr(code): unicodedata.name(chr(code)).split()[-1].lower()
    for code in range(ord("α"), ord("ω") + 1)
    if unicodedata.name(chr(code)).startswith("GREEK SMALL LETTER ") and chr(code) != "ς"
} | {"ς": "sigma"}

# Lucene's English stop set.
_STOP = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "for",
        "if",
        "in",
        "into",
        "is",
        "it",
        "no",
        "not",
        "of",
        "on",
        "or",
        "such",
        "that",
        "the",
        "their",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "was",
        "will",
        "with",
    ]
)


class Analyser:
    """Folds and splits text, drops stop words and stems (Snowball English).

    Folding makes one word of what is written in several ways: ``CO₂`` and ``CO2``, ``β`` and
    ``beta``, accents and none.
    """

    def __init__(self) -> None:
        import Stemmer

        self._stem = Stemmer.Stemmer("english").stemWords

    def words(self, text: str) -> list[str]:
        """Return the index terms of ``text`` in order, repeats kept."""
        found = [w for w in _WORD.findall(_folded(text)) if w not in _STOP]
        return list(self._stem([_plain_number(w) for w in found]))

    def compounds(self, text: str) -> list[str]:
        """Return the hyphenated words of ``text`` written as one: "off-peak" as "offpeak".

        An index holds them beside their parts, so that either spelling finds the other.
        """
        folded = _folded(text)
        found = _HYPHENATED.findall(folded) if "-" in folded else []
        return list(self._stem([word.replace("-", "") for word in found]))


def pairs_of(words: Sequence[str]) -> list[str]:
    """Return each two neighbouring index terms as one: "round trip", "trip effici"."""
    return [f"{one} {other}" for one, other in pairwise(words)]


def numbers_of(text: str) -> list[str]:
    """Return every number of ``text`` sorted, without grouping commas: what makes it differ."""
    return sorted(_plain_number(w) for w in _WORD.findall(text) if w[0].isdigit())


def _folded(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).lower()
    if text.isascii():
        return text
    named = "".join(_GREEK.get(character, character) for character in text)
    marked = unicodedata.normalize("NFKD", named)
    return "".join(character for character in marked if not unicodedata.combining(character))


def _plain_number(word: str) -> str:
    return word.replace(",", "") if _GROUPED.fullmatch(word) else word
