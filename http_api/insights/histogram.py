"""A histogram of durations that can be added to another, with quantiles within 1 % of exact.

Buckets grow by a constant factor, as in DDSketch (Masson, Rim and Lee, VLDB 2019, section 2):
bucket i holds values in (g^(i-1), g^i] with g = (1 + a) / (1 - a), and 2 g^i / (g + 1) lies within
the relative error a of each of them. Quantiles of a sum are therefore as exact as those of a part.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

ERROR = 0.01
"""The relative error of a quantile."""

_GROWTH = (1 + ERROR) / (1 - ERROR)
_LOG_GROWTH = math.log(_GROWTH)
_LEAST = 0.001
"""Shorter durations (ms) count as this."""

Buckets = dict[int, int]
"""Bucket number -> how many values it holds."""


def add(buckets: Buckets, value: float) -> None:
    """Count one duration."""
    number = math.ceil(math.log(max(value, _LEAST)) / _LOG_GROWTH)
    buckets[number] = buckets.get(number, 0) + 1


def merged(parts: Iterable[Mapping[int, int]]) -> Buckets:
    """The histogram of everything that ``parts`` hold."""
    total: Buckets = {}
    for part in parts:
        for number, count in part.items():
            total[number] = total.get(number, 0) + count
    return total


def quantile(buckets: Mapping[int, int], q: float) -> float | None:
    """The value below which a share ``q`` (0..1) of the values lies; ``None`` without values."""
    total = sum(buckets.values())
    if total == 0:
        return None
    rank = max(1, math.ceil(q * total))
    seen = 0
    for number in sorted(buckets):
        seen += buckets[number]
        if seen >= rank:
            break
    return float(2 * _GROWTH**number / (_GROWTH + 1))
