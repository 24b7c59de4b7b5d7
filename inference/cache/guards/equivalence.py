"""Whether a fresh answer says what a cached one says. Pure and deterministic.

It errs on the side of "different": that costs an entry some hits, the other way costs trust.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from inference.cache.guards import polarity, sameness
from inference.cache.guards.agreement import cited_chunks
from inference.cache.guards.reading import Reading, read
from inference.ports import Passage
from inference.text.figures import figures_of
from inference.text.sentences import split

ALIKE = 0.8
"""Least cosine of two texts that say the same."""
_ALIGNED = 0.7
"""Likeness (longest common subsequence) from which two sentences state one thing."""
_MARK = re.compile(r"\s*\[\d{1,4}\]")


def difference(
    cached: str,
    cached_passages: Sequence[Passage],
    fresh: str,
    fresh_passages: Sequence[Passage],
    *,
    cosine: float,
) -> str | None:
    """In what the two answers differ, in words; ``None`` where they say the same.

    ``cosine`` is that of the embeddings of the two texts. An abstention cites nothing, or places
    where nothing is said, and differs from every answer.
    """
    one, other = _MARK.sub("", cached).strip(), _MARK.sub("", fresh).strip()
    mine = set(cited_chunks(cached, cached_passages))
    theirs = set(cited_chunks(fresh, fresh_passages))
    if not mine & theirs:
        return "no source in common"
    if one == other:
        return None
    return _figures(one, other) or _sentences(one, other) or _meaning(cosine)


def _figures(one: str, other: str) -> str | None:
    mine = {(f.dimension, f.value, f.date) for f in figures_of(one)}
    theirs = {(f.dimension, f.value, f.date) for f in figures_of(other)}
    if not mine and not theirs:
        return None
    fewer = min(len(mine), len(theirs))
    return None if fewer and 2 * len(mine & theirs) >= fewer else "other figures"


def _sentences(one: str, other: str) -> str | None:
    """Two sentences that state one thing, of which one denies, inverts or counts otherwise."""
    if {*read(one).words[:1], *read(other).words[:1]} == {"yes", "no"}:
        return "yes instead of no"
    theirs = [read(sentence.text) for sentence in split(other)]
    for sentence in split(one):
        mine = read(sentence.text)
        facing = max(theirs, key=lambda reading: sameness.likeness(mine, reading), default=None)
        if facing is None or mine.words == facing.words:
            continue
        if _contradict(mine, facing):
            return "a sentence says the contrary"
    return None


def _contradict(one: Reading, other: Reading) -> bool:
    if sameness.likeness(one, other) < _ALIGNED:
        return False
    denied = polarity.negations(one) % 2 != polarity.negations(other) % 2
    return denied or polarity.opposites(one, other) is not None


def _meaning(cosine: float) -> str | None:
    return None if cosine >= ALIKE else "another meaning"
