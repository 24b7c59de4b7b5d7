"""Whether what was retrieved can carry an answer, and the words of an abstention. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from inference.ports import Passage
from inference.sentences import content_words

ENOUGH = 0.3
"""Least chance of an answer: chosen so that one answerable question in forty is refused at most
(``python -m benchmarks.bench_abstention`` fits the three weights and shows both error rates)."""

_BIAS, _COSINE, _COVERAGE = -6.0, 9.3, 3.2
_NEAREST = 3


class Strength(Struct, frozen=True):
    """How near the passages come to a question.

    ``cosine`` is that of the nearest passage (0 where no dense score is known), ``coverage`` the
    share of the question's content words that one passage holds.
    """

    cosine: float
    coverage: float

    @property
    def chance(self) -> float:
        """The chance that the passages answer, 0..1 (logistic)."""
        odds = _BIAS + _COSINE * self.cosine + _COVERAGE * self.coverage
        return 1.0 / (1.0 + math.exp(-odds))


def strength(question: str, passages: Sequence[Passage]) -> Strength:
    """Measure the evidence for ``question``; titles and sections count as part of a passage."""
    wanted = set(content_words(question))
    shares = [
        len(wanted & set(content_words(f"{p.title} {p.section or ''} {p.text}"))) / len(wanted)
        for p in passages
        if wanted
    ]
    return Strength(
        cosine=max((max(p.dense or 0.0, 0.0) for p in passages), default=0.0),
        coverage=max(shares, default=0.0),
    )


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
