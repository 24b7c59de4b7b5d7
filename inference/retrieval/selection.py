"""Which of the ranked passages are shown: near-duplicates once, no document alone. Pure.

Passages come best first; what is returned is best first again.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

from msgspec import Struct

from inference.ports import Passage
from inference.retrieval.fusion import is_near_duplicate

PER_DOCUMENT = 3
"""Passages of one document, before others that match come first."""

MATCHES = 0.9
"""Another document matches if its passage has this share of the score of the one it displaces: the
least that costs no recall among six passages (docs/quality/retrieval.md)."""


class Choices(Struct, frozen=True, kw_only=True):
    """What is done with a ranking. The defaults are what is served.

    ``per_document`` see ``select``; ``recency_weight`` is what the newest document gains
    in every question (0..1); ``whole_clauses`` completes what a chunk cuts.
    """

    per_document: int = PER_DOCUMENT
    recency_weight: float = 0.0
    whole_clauses: bool = True


def select(
    ranked: Iterable[Passage], k: int, *, per_document: int = PER_DOCUMENT, matches: float = MATCHES
) -> list[Passage]:
    """Return at most ``k`` of ``ranked``, best first.

    A passage that says the same as a better one is left out. Beyond ``per_document`` passages of
    one document, a passage has to wait for those of other documents that match; where no other
    document does, it comes after all. 0 is no limit. ``ranked`` is read no further than needed.
    """
    kept: list[Passage] = []
    waiting: deque[Passage] = deque()
    held: Counter[str] = Counter()

    def keep(passage: Passage) -> None:
        if not is_near_duplicate(_said(passage), [_said(p) for p in kept]):
            kept.append(passage)
            held[passage.document] += 1

    for passage in ranked:
        # Nothing after it can displace what waits either: scores only fall.
        while waiting and len(kept) < k and passage.score < matches * waiting[0].score:
            keep(waiting.popleft())
        if len(kept) >= k:
            break
        if per_document and held[passage.document] >= per_document:
            waiting.append(passage)
        else:
            keep(passage)
    while waiting and len(kept) < k:
        keep(waiting.popleft())
    return sorted(kept, key=lambda p: -p.score)


def _said(passage: Passage) -> str:
    """What a passage says, with the title and section that tell one year's tariff from another."""
    return " ".join((passage.title, passage.section or "", passage.text))
