"""Whether what was retrieved can carry an answer, and the words of an abstention. Pure.

The documents may be about something else (no passage is near), or about the thing that is asked
without saying what is asked: then many passages come equally near and none stands out, or the year
or the name that the question gives is in none of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from msgspec import Struct

from inference.ports import Passage
from inference.text.sentences import content_words

ENOUGH = 0.14
"""Least chance of an answer: chosen so that about one answerable question in twenty is refused
(``python -m benchmarks.bench_abstention`` fits the weights and shows both error rates)."""

_BIAS = -8.1
_NEAREST = 3
# A capitalised word that does not begin the question; units and abbreviations have no small second
# letter.
_NAME = re.compile(r"(?<=[\w,;] )[A-Z][a-z]\w*")


class Strength(Struct, frozen=True):
    """How near the passages come to a question, and how far one of them stands out.

    ``cosine`` is that of the nearest passage or window (0 where no dense score is known),
    ``coverage`` the share of the question's content words that one passage holds; ``ahead`` and
    ``apart`` are how far the best passage is above the mean of the others, by cosine and by BM25
    per content word; ``names`` and ``numbers`` the shares of the question's names and numbers that
    the best passage lacks. Titles and sections count as part of a passage.
    """

    cosine: float
    coverage: float
    ahead: float = 0.0
    apart: float = 0.0
    names: float = 0.0
    numbers: float = 0.0

    @property
    def chance(self) -> float:
        """The chance that the passages answer, 0..1 (logistic)."""
        given = (getattr(self, name) for name in WEIGHTS)
        odds = _BIAS + sum(w * value for w, value in zip(WEIGHTS.values(), given, strict=True))
        return 1.0 / (1.0 + math.exp(-odds))


WEIGHTS = {
    "cosine": 9.0,
    "coverage": 3.3,
    "ahead": 2.7,
    "apart": 1.0,
    "names": -1.1,
    "numbers": -1.9,
}
"""Log-odds for one unit of each measure."""


def strength(question: str, passages: Sequence[Passage]) -> Strength:
    """Measure the evidence for ``question``."""
    if not passages:
        return Strength(0.0, 0.0)
    wanted = set(content_words(question))
    held = [set(content_words(f"{p.title} {p.section or ''} {p.text}")) for p in passages]
    shares = [len(wanted & words) / (len(wanted) or 1) for words in held]
    near = [max(p.focus or 0.0, p.dense or 0.0, 0.0) for p in passages]
    best = held[max(range(len(passages)), key=lambda n: near[n] + shares[n] / 2)]
    names = {word for name in _NAME.findall(question) for word in content_words(name)}
    numbers = {word for word in wanted if word[0].isdigit()}
    return Strength(
        cosine=max(near),
        coverage=max(shares),
        ahead=_ahead(near),
        apart=_ahead([p.lexical or 0.0 for p in passages]) / (len(wanted) or 1),
        names=_lacking(names, best),
        numbers=_lacking(numbers, best),
    )


def _ahead(scores: Sequence[float]) -> float:
    """How far the highest score is above the mean of the others."""
    first, *others = sorted(scores, reverse=True)
    return first - (sum(others) / len(others) if others else 0.0)


def _lacking(wanted: set[str], held: set[str]) -> float:
    return len(wanted - held) / len(wanted) if wanted else 0.0


def is_enough(question: str, passages: Sequence[Passage]) -> bool:
    """Whether the passages may well answer the question."""
    return strength(question, passages).chance >= ENOUGH


def nearest(passages: Sequence[Passage]) -> list[Passage]:
    """The few passages that an abstention offers."""
    return list(passages[:_NEAREST])


def abstention(passages: Sequence[Passage]) -> str:
    """Say that the documents do not say, and where they come nearest."""
    if not passages:
        return "The documents do not say: nothing in them is about this question."
    places = [f"- {_place(passage)} [{number}]" for number, passage in enumerate(passages, 1)]
    return (
        "The documents do not say enough to answer this question. What comes nearest:\n\n"
        + "\n".join(places)
    )


def _place(passage: Passage) -> str:
    parts = [passage.title, passage.section or ""]
    if passage.page is not None:
        parts.append(f"page {passage.page}")
    return ", ".join(part for part in parts if part)
