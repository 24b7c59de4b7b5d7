"""A stream of questions through a cache that checks its hits by shadow answers.

Every hit that is not word for word the same may be answered afresh, as ``Exploration`` says; what
that shows of an entry and of all entries is remembered as the product remembers it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from benchmarks.cache_policies import Policy
from benchmarks.kept_vectors import Vectors
from inference.cache.guards.exploration import Exploration, not_below
from inference.cache.guards.reading import normalise
from inference.cache.qdrant_cache import CANDIDATES
from inference.ports import CachedAnswer, Passage, TrackRecord

LEAST = 0.6
"""The least cosine that any of the policies looks at."""


class Counts(Struct):
    """``hits`` were served, of which ``right``; ``shadows`` would have been and were checked."""

    questions: int = 0
    hits: int = 0
    right: int = 0
    shadows: int = 0

    @property
    def wrong_share(self) -> float:
        """Served wrong, of all that the guards would have served: what the set rate bounds."""
        return (self.hits - self.right) / max(self.hits + self.shadows, 1)


class _Memory:
    """What shadow answers have shown, as ``QdrantObservations`` keeps it."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}
        self._wrong_up_to: dict[str, float] = {}
        self._clean = self._clean_wrong = 0

    def record(self, entry: str) -> TrackRecord:
        return TrackRecord(
            seen=self._seen.get(entry, 0),
            wrong_up_to=self._wrong_up_to.get(entry),
            tenant_seen=self._clean,
            tenant_wrong=self._clean_wrong,
        )

    def observe(self, shadowed: CachedAnswer, *, right: bool) -> None:
        entry = shadowed.entry
        self._seen[entry] = self._seen.get(entry, 0) + 1
        if entry not in self._wrong_up_to:
            self._clean += 1
            self._clean_wrong += not right
        if not right:
            highest = self._wrong_up_to.get(entry, 0.0)
            self._wrong_up_to[entry] = max(highest, not_below(shadowed.score))


def stream(
    rows: Sequence[tuple[str, str]],
    embedded: Vectors,
    policy: Policy,
    exploration: Exploration,
) -> Counts:
    """Ask ``rows`` of (question, intent) one after another.

    An answer cites its intent. A miss and a shadow are answered rightly, and the answer is kept.
    """
    kept = np.empty_like(embedded)
    entries: list[int] = []
    memory, counts = _Memory(), Counts(questions=len(rows))
    for at, (text, intent) in enumerate(rows):
        scores = kept[: len(entries)] @ embedded[at]
        nearest = [i for i in np.argsort(-scores)[:CANDIDATES] if scores[i] >= LEAST]
        candidates = [_answer(rows[entries[i]], entries[i], scores[i], memory) for i in nearest]
        chosen = policy(text, candidates, [])
        if chosen is not None and _is_ruled_out(text, chosen):
            chosen = None
        shadowed = chosen is not None and (
            normalise(chosen.question) != normalise(text) and exploration.explores(chosen.record)
        )
        if chosen is not None and not shadowed:
            counts.hits += 1
            counts.right += chosen.passages[0].chunk_id == intent
            continue
        if chosen is not None:
            counts.shadows += 1
            memory.observe(chosen, right=chosen.passages[0].chunk_id == intent)
        kept[len(entries)] = embedded[at]
        entries.append(at)
    return counts


def seeded(rate: float | None, seed: int) -> Exploration:
    """The product's exploration with a chance that repeats."""
    return Exploration(rate, random.Random(seed).random)


def _is_ruled_out(text: str, chosen: CachedAnswer) -> bool:
    """Whether a policy that knows no records chose what was seen wrong that far."""
    highest = chosen.record.wrong_up_to
    same_words = normalise(chosen.question) == normalise(text)
    return highest is not None and chosen.score <= highest and not same_words


def _answer(row: tuple[str, str], number: int, score: float, memory: _Memory) -> CachedAnswer:
    question, intent = row
    article = Passage(
        chunk_id=intent, document=intent, title="", text="", start=0, end=0, score=1.0
    )
    entry = str(number)
    return CachedAnswer(
        question=question,
        text="[1]",
        passages=[article],
        score=float(score),
        entry=entry,
        record=memory.record(entry),
    )
