"""One ranking out of several scores of the same candidates, and near-duplicates. Pure.

Fusing scores keeps how far apart they are, which reciprocal ranks forget: on SciFact it is worth
0.02 to 0.03 nDCG@10 (benchmarks/bench_retrieval.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from inference.text.words import numbers_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scores = NDArray[np.float32]

DENSE_WEIGHT = 0.5
WHOLE_WEIGHT, FOCUS_WEIGHT = 0.10, 0.46
LEXICAL_WEIGHT, PAIRS_WEIGHT, COVERAGE_WEIGHT = 0.31, 0.08, 0.05
NEAR_DUPLICATE = 0.9


def min_max_fusion(dense: Scores, lexical: Scores, *, weight: float = DENSE_WEIGHT) -> Scores:
    """Return the fused score in 0..1 of each candidate.

    ``dense`` and ``lexical`` hold both scores of the same candidates, shape ``(candidates,)``: the
    union of the top lists. Each is scaled to 0..1 over the union; ``weight`` is the dense share.
    """
    import numpy as np

    return np.asarray(weight * _scaled(dense) + (1.0 - weight) * _scaled(lexical), dtype=np.float32)


def fuse(whole: Scores, focus: Scores, lexical: Scores, pairs: Scores, coverage: Scores) -> Scores:
    """Return the score in 0..1 of each candidate from its five scores, shape ``(candidates,)``.

    ``whole`` is the cosine of the chunk, ``focus`` the highest of that and of its windows,
    ``lexical`` the BM25 of its words, ``pairs`` that of neighbouring words, ``coverage`` the share
    of the question's words that occur. Each is divided by its highest over the candidates: scaled
    between that and its theoretical least, 0, as Bruch et al. (2023, "An analysis of fusion
    functions for hybrid retrieval") propose, so that a signal in which all candidates are alike
    cannot decide by its noise. The weights are those of ADR 33.
    """
    import numpy as np

    score = (
        WHOLE_WEIGHT * _share_of_best(whole)
        + FOCUS_WEIGHT * _share_of_best(focus)
        + LEXICAL_WEIGHT * _share_of_best(lexical)
        + PAIRS_WEIGHT * _share_of_best(pairs)
        + COVERAGE_WEIGHT * _share_of_best(coverage)
    )
    # Weights that are rounded add up to a hair more than 1.
    return np.minimum(np.asarray(score, dtype=np.float32), np.float32(1.0))


def _share_of_best(scores: Scores) -> Scores:
    import numpy as np

    high = float(scores.max()) if scores.size else 0.0
    if high <= 0:
        return np.zeros_like(scores)
    return np.asarray(np.maximum(scores, 0.0) / high, dtype=np.float32)


def _scaled(scores: Scores) -> Scores:
    import numpy as np

    if scores.size == 0:
        return scores
    low, high = float(scores.min()), float(scores.max())
    if high <= low:
        # One score says nothing about order, unless there is nothing to be found at all.
        return np.full_like(scores, 1.0 if high > 0 else 0.0)
    scaled: Scores = (scores - np.float32(low)) / np.float32(high - low)
    return scaled


def is_near_duplicate(text: str, kept: Sequence[str]) -> bool:
    """Whether ``text`` says the same as one of ``kept``.

    Same means: nine tenths of the distinct words in common *and* the same numbers. The tariffs of
    two years differ in nothing but numbers, and that difference is the answer.
    """
    words, numbers = frozenset(text.lower().split()), numbers_of(text)
    for other in kept:
        held = frozenset(other.lower().split())
        union = len(words | held)
        shared = len(words & held) / union if union else 1.0
        if shared >= NEAR_DUPLICATE and numbers == numbers_of(other):
            return True
    return False
