"""When a hit is answered afresh, to learn whether it would have been right (a shadow answer). Pure.

A would-be hit is a cached answer that every guard lets pass, for a question in other words. With
probability t it is not served but answered afresh, and the two are compared. If it is wrong with
probability p, a wrong answer is served with probability (1 - t) p. So t = 1 - d/u keeps that at or
below d, the error rate that was set, as long as p <= u.

That one must pay t for what one does not know yet, per entry, is the idea of vCache (Schroeder et
al., arXiv 2502.03771). Its u rests on a logistic model of correctness over similarity; these rest
on none:

- An entry that was never seen wrong is one of its tenant's clean entries. u is the upper end of a
  confidence sequence for their share of wrong answers, w of n: with a Beta(a, b) mixture
  M(p) = B(w + a, n - w + b) / B(a, b) / (p^w (1 - p)^(n - w)) is a martingale of mean 1 for the
  true p, so that by Ville's inequality M(p) < 1/alpha holds for all n at once with probability
  1 - alpha (Robbins 1970, method of mixtures). u is the largest such p; it may be looked at after
  every answer.
- An entry that was seen wrong is on its own, and is served only above the highest similarity at
  which it was wrong. If the questions that reach it come in exchangeable order, the next one is
  wrong and nearer than every wrong one among the n seen with probability 1/(n + 1) at most
  (conformal risk control, Angelopoulos et al., arXiv 2208.02814, with loss "wrong and above").
  u is the larger of the two.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache
from math import ceil, lgamma, log

from msgspec import Struct

from inference.ports import TrackRecord

OCCASIONALLY = 0.02
"""The share of hits that is checked even where nothing demands it."""
ALPHA = 0.05
"""How often the confidence sequence may fail to hold, over a tenant's whole life."""
_MIXTURE = (1.0, 50.0)
"""Beta(a, b) of the mixture: any choice is valid, this one is narrow for small error rates."""
_STEPS = 40


class Exploration(Struct, frozen=True):
    """How often a hit is answered afresh.

    ``max_error_rate`` is the greatest share of would-be hits that may be served wrong, 0..1; with
    0 none is served, with ``None`` nothing is promised and hits are checked occasionally.
    ``chance`` returns numbers uniform in [0, 1).
    """

    max_error_rate: float | None = None
    chance: Callable[[], float] = random.random

    def probability(self, record: TrackRecord) -> float:
        """How probably a hit on an entry of this record is answered afresh."""
        if self.max_error_rate is None:
            return OCCASIONALLY
        return max(OCCASIONALLY, 1.0 - self.max_error_rate / error_bound(record))

    def explores(self, record: TrackRecord) -> bool:
        """Whether this hit is answered afresh."""
        return self.chance() < self.probability(record)


NEVER = Exploration(chance=lambda: 1.0)
"""Serves every hit."""


def error_bound(record: TrackRecord) -> float:
    """An upper bound on the probability that a hit on the entry is wrong, 0..1."""
    clean = upper_bound(record.tenant_seen, record.tenant_wrong)
    if record.wrong_up_to is None:
        return clean
    return max(clean, 1.0 / (record.seen + 1))


@lru_cache(maxsize=1024)
def upper_bound(seen: int, wrong: int, alpha: float = ALPHA) -> float:
    """The upper end of the confidence sequence after ``wrong`` of ``seen``, 0..1."""
    right = seen - wrong
    if not right:
        return 1.0
    a, b = _MIXTURE
    mixed = _log_beta(wrong + a, right + b) - _log_beta(a, b)

    def is_refuted(p: float) -> bool:
        return mixed - wrong * log(p) - right * log(1.0 - p) >= log(1.0 / alpha)

    low, high = max(wrong / seen, 1e-12), 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_refuted(middle) else (middle, high)
    return high


def not_below(similarity: float) -> float:
    """``similarity`` rounded up at the sixth decimal, so that neither JSON nor another engine's
    arithmetic makes an observation lower than the hit that it is about.
    """
    return ceil(similarity * 1e6) / 1e6


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
