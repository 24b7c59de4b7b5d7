"""The arithmetic of an evaluation: ranking metrics per question, bootstrap intervals. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95
_SEED = 20261121


@dataclass(frozen=True)
class Interval:
    """A mean over questions with its bootstrap interval."""

    mean: float
    low: float
    high: float


def ndcg(found: Sequence[int], grades: Mapping[int, int], depth: int = 10) -> float:
    """Normalised discounted cumulative gain of a ranking, in 0..1.

    Gains are ``2**grade - 1`` (Burges et al. 2005), discounts ``log2(rank + 1)``; for grades of 0
    and 1 this is what trec_eval computes.
    """

    def gain(values: Sequence[int]) -> float:
        return float(sum((2**g - 1) / np.log2(i + 2) for i, g in enumerate(values[:depth])))

    best = gain(sorted(grades.values(), reverse=True))
    return gain([grades.get(unit, 0) for unit in found]) / best if best else 0.0


def recall(found: Sequence[int], grades: Mapping[int, int], depth: int) -> float:
    """The share of the relevant units that stand among the first ``depth``."""
    return len(grades.keys() & set(found[:depth])) / len(grades)


def hit(found: Sequence[int], grades: Mapping[int, int], depth: int) -> float:
    """1 if any relevant unit stands among the first ``depth``, else 0."""
    return float(not grades.keys().isdisjoint(found[:depth]))


def interval(values: Sequence[float]) -> Interval:
    """The mean of ``values`` with its 95 % percentile bootstrap interval."""
    array = np.asarray(values, dtype=np.float64)
    low, high = np.quantile(_resampled(array), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(array.mean()), float(low), float(high))


def paired(new: Mapping[str, float], old: Mapping[str, float]) -> Interval:
    """The mean difference ``new - old`` over the questions that both have, with its interval.

    Raises:
        ValueError: they share no question.
    """
    shared = sorted(new.keys() & old.keys())
    if not shared:
        raise ValueError("the two results share no question")
    return interval([new[key] - old[key] for key in shared])


def _resampled(
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Means of resamples with replacement; the seed is fixed, so that a table can be had again."""
    generator = np.random.default_rng(_SEED)
    means = [
        values[generator.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLES)
    ]
    return np.asarray(means)
