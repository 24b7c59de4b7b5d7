"""The rankings that stand side by side: dense, BM25, two plain fusions, and ours as served."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.eval_sets import Asked, EvalSet
from inference.chat_models.extractive_model import answer, by_meaning
from inference.ports import Embedder, Passage
from inference.retrieval.chunk_store import ChunkStore
from inference.retrieval.dense_index import VECTORS, open_vectors
from inference.retrieval.faiss_retriever import LEXICAL, FaissRetriever
from inference.retrieval.fusion import min_max_fusion
from inference.retrieval.lexical_index import LexicalIndex
from inference.text.words import Analyser

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Scores = NDArray[np.float32]
    Order = NDArray[np.int64]

DEPTH = 100
SERVED = 20
PASSAGES = 6
"""As served: the default of RETRIEVED_PASSAGES."""
RANK_CONSTANT = 60
OURS = "ours"


@dataclass
class Opened:
    """A set with its index open: what every metric group measures."""

    set: EvalSet
    retriever: FaissRetriever
    embedder: Embedder
    store: ChunkStore
    vectors: dict[str, Scores]
    """The embedding of each question, by id."""
    rankings: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    """Chunk numbers, best first: by system, then by question id."""
    answers: dict[tuple[str, frozenset[str]], tuple[str, list[Passage]]] = field(
        default_factory=dict
    )

    def passages(
        self, question: str, groups: frozenset[str], *, k: int = PASSAGES
    ) -> list[Passage]:
        """The passages that a turn would be given."""
        vector = self.embedder.embed([question])[0]
        return self.retriever.retrieve(question, vector, k=k, groups=groups)

    def answered(self, question: str, groups: frozenset[str]) -> tuple[str, list[Passage]]:
        """The extractive answer, markers and all, and the passages that it stands on."""
        key = question, groups
        if key not in self.answers:
            found = self.passages(question, groups)
            self.answers[key] = answer(question, found, by_meaning(question, self.embedder)), found
        return self.answers[key]


def opened(evaluated: EvalSet, embedder: Embedder) -> Opened:
    """Open the set's bundle, embed its questions and rank them with every system."""
    bundle = evaluated.bundle
    held = Opened(
        set=evaluated,
        retriever=FaissRetriever.open(bundle, embedder),
        embedder=embedder,
        store=ChunkStore(bundle),
        vectors=embedded(evaluated.asked, embedder),
    )
    for system, rank in _systems(held, bundle).items():
        held.rankings[system] = {asked.id: rank(asked) for asked in evaluated.asked}
    return held


def embedded(asked: Iterable[Asked], embedder: Embedder) -> dict[str, Scores]:
    """The vectors of the questions, embedded in order of length."""
    ordered = sorted(asked, key=lambda a: len(a.text))
    found: dict[str, Scores] = {}
    for at in range(0, len(ordered), 64):
        window = ordered[at : at + 64]
        rows = embedder.embed([a.text for a in window])
        found.update(zip((a.id for a in window), rows, strict=True))
    return found


def _systems(held: Opened, bundle: Path) -> dict[str, Callable[[Asked], list[int]]]:
    chunks = len(held.store)
    matrix = open_vectors(bundle / VECTORS).reconstruct_n(0, chunks)
    analyser = Analyser()
    words = LexicalIndex(bundle / LEXICAL, chunks=chunks)

    def scores(asked: Asked) -> tuple[Scores, Scores]:
        mask = held.store.visible(asked.groups, None)
        dense, lexical = matrix @ held.vectors[asked.id], words.scores(analyser.words(asked.text))
        if mask is not None:
            dense[~mask], lexical[~mask] = -1.0, 0.0
        return dense, lexical

    def plain(rank: Callable[[Scores, Scores], Order]) -> Callable[[Asked], list[int]]:
        return lambda asked: rank(*scores(asked)).tolist()

    numbers = {held.store.chunk(number).id: number for number in range(chunks)}

    def ours(asked: Asked) -> list[int]:
        vector = held.vectors[asked.id]
        if held.set.by_document:
            ranked = held.retriever.rank(asked.text, vector, groups=asked.groups)
            return [int(number) for number in ranked.chunks]
        found = held.retriever.retrieve(asked.text, vector, k=SERVED, groups=asked.groups)
        return [numbers[passage.chunk_id] for passage in found]

    return {
        "dense": plain(lambda dense, _: _top(dense)),
        "BM25": plain(lambda _, lexical: _top(lexical)),
        "RRF": plain(_reciprocal),
        "min-max": plain(_min_max),
        OURS: ours,
    }


def _reciprocal(dense: Scores, lexical: Scores) -> Order:
    total = np.zeros(len(dense))
    for scores in (dense, lexical):
        top = _top(scores)
        total[top] += 1.0 / (RANK_CONSTANT + 1 + np.arange(len(top)))
    found = np.flatnonzero(total)
    return np.asarray(found[np.argsort(-total[found], kind="stable")])


def _min_max(dense: Scores, lexical: Scores) -> Order:
    union = np.union1d(_top(dense), _top(lexical))
    score = min_max_fusion(dense[union], lexical[union], weight=0.5)
    return np.asarray(union[np.lexsort((union, -score))])


def _top(scores: Scores) -> Order:
    order = np.argsort(-scores, kind="stable")[:DEPTH]
    return np.asarray(order[scores[order] > 0])
