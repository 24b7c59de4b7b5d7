"""Another retriever's passages, in the order of a cross-encoder: same port, one more model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import structs

from inference.ports import PairScorer, Passage, Retriever
from inference.retrieval.selection import PER_DOCUMENT, select

if TYPE_CHECKING:
    from inference.ports import Vector

DEPTH = 24
"""Passages that are read again: each costs one forward pass."""


class RerankingRetriever:
    """Implements ``ports.Retriever`` over another one."""

    def __init__(
        self,
        inner: Retriever,
        scorer: PairScorer,
        *,
        depth: int = DEPTH,
        per_document: int = PER_DOCUMENT,
    ) -> None:
        """``depth`` passages of ``inner`` are read by ``scorer``, more where more are asked for."""
        self.corpus_version = inner.corpus_version
        self._inner = inner
        self._scorer = scorer
        self._depth = depth
        self._per_document = per_document

    def retrieve(
        self,
        question: str,
        vector: Vector,
        *,
        k: int,
        groups: frozenset[str],
        filters: Mapping[str, str] | None = None,
    ) -> list[Passage]:
        """Return at most ``k`` passages visible to ``groups``, best first by the cross-encoder.

        ``score`` is the cross-encoder's; ``dense``, ``focus`` and ``lexical`` stay as they were.
        """
        if k < 1:
            return []
        found = self._inner.retrieve(
            question, vector, k=max(k, self._depth), groups=groups, filters=filters
        )
        scores = self._scorer.scores(question, [_read(passage) for passage in found])
        scored = [
            structs.replace(passage, score=float(score))
            for passage, score in zip(found, scores, strict=True)
        ]
        scored.sort(key=lambda passage: -passage.score)
        return select(scored, k, per_document=self._per_document)


def _read(passage: Passage) -> str:
    """A passage as the cross-encoder reads it: where it stands, then what it says."""
    place = " > ".join(part for part in (passage.title, passage.section) if part)
    return f"{place}\n{passage.text}" if place else passage.text
