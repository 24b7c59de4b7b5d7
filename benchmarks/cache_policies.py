"""Three ways to decide on a near question: cosine alone, GPTCache's distance, and the product's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from inference.cache.guards.decide import choose
from inference.ports import CachedAnswer, Passage

PLAIN_THRESHOLD = 0.65
GPTCACHE_MAX_DISTANCE = 4.0
GPTCACHE_THRESHOLD = 0.8

Policy = Callable[[str, Sequence[CachedAnswer], Sequence[Passage]], CachedAnswer | None]
"""Question, candidates nearest first, passages found now -> the answer to serve."""


def cosine(threshold: float) -> Policy:
    """Serve the nearest at or above ``threshold``."""

    def policy(
        question: str, candidates: Sequence[CachedAnswer], found: Sequence[Passage]
    ) -> CachedAnswer | None:
        return candidates[0] if candidates and candidates[0].score >= threshold else None

    return policy


def gptcache(
    question: str, candidates: Sequence[CachedAnswer], found: Sequence[Passage]
) -> CachedAnswer | None:
    """GPTCache's ``SearchDistanceEvaluation`` at its defaults, by the formula of its documentation.

    The rank is 4 minus the squared Euclidean distance of unit vectors (2 - 2 cos); a hit ranks at
    least 0.8 of the range of 4. So its 0.8 is a cosine of 0.6.
    """
    if not candidates:
        return None
    distance = min(max(2.0 - 2.0 * candidates[0].score, 0.0), GPTCACHE_MAX_DISTANCE)
    rank = GPTCACHE_MAX_DISTANCE - distance
    return candidates[0] if rank >= GPTCACHE_THRESHOLD * GPTCACHE_MAX_DISTANCE else None


def guarded(threshold: float, *, evidence: bool) -> Policy:
    """The product's decision. Without ``evidence`` whatever was cited counts as found again."""

    def policy(
        question: str, candidates: Sequence[CachedAnswer], found: Sequence[Passage]
    ) -> CachedAnswer | None:
        if evidence:
            return choose(question, candidates, found, least=threshold).answer
        agreeing = (choose(question, candidates, a.passages, least=threshold) for a in candidates)
        return next((verdict.answer for verdict in agreeing if verdict.answer is not None), None)

    return policy
