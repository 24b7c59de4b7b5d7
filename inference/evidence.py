"""Whether what was retrieved can carry an answer, and the words of an abstention. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from inference.ports import Passage
from inference.sentences import content_words

MIN_COSINE = 0.30
"""Below this no passage is about the question (all-MiniLM-L6-v2: unrelated pairs stay under it)."""

MIN_SHARED = 0.5
"""Share of the question's content words that one passage must hold to count without the cosine."""

_NEAREST = 3


def is_enough(question: str, passages: Sequence[Passage]) -> bool:
    """Whether a passage is near in meaning, or holds most of the question's own words."""
    if any((passage.dense or 0.0) >= MIN_COSINE for passage in passages):
        return True
    wanted = set(content_words(question))
    if not wanted:
        return False
    return any(
        len(wanted & set(content_words(f"{passage.title} {passage.section or ''} {passage.text}")))
        >= MIN_SHARED * len(wanted)
        for passage in passages
    )


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
