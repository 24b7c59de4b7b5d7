"""Passages from one index bundle: dense (FAISS) and lexical lists, filtered, fused and selected.

Filtering comes first: a chunk that the caller may not see is in neither list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from copilot.index_bundle.manifest import (
    IndexManifest,
    read_manifest,
    verify_files,
    verify_lexical,
    verify_model,
)
from inference.ports import Embedder, Passage
from inference.retrieval.chunk_store import ChunkStore
from inference.retrieval.dense_index import LIST_LENGTH, Dense, DenseIndex, Reader
from inference.retrieval.fusion import fuse
from inference.retrieval.lexical_index import LexicalIndex, highest
from inference.retrieval.neighbours import Neighbours
from inference.retrieval.recency import ASKED_WEIGHT, asks_for_newest, newness, with_newness
from inference.retrieval.selection import Choices, select
from inference.text.words import ANALYSER, Analyser, pairs_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

LEXICAL = "lexical"
PAIRS = "pairs"
LEXICAL_KIND = f"bm25-lucene-0.9-0.4/{ANALYSER}+pairs"

SCORE_ALL_LIMIT = 50_000
"""Chunks that are all scored by their words; beyond, those that may be among the best."""

HASH_LIMIT_BYTES = 256 * 1024 * 1024


class Ranked(Struct, frozen=True):
    """Candidate chunks, best first, with their scores; arrays of one length.

    ``fused`` is in 0..1; ``cosine`` (of the whole chunk), ``focus`` (of its nearest window) and
    ``lexical`` (BM25) are exact for every candidate.
    """

    chunks: NDArray[np.int64]
    fused: Vector
    cosine: Vector
    focus: Vector
    lexical: Vector


class FaissRetriever:
    """Implements ``ports.Retriever``."""

    def __init__(
        self,
        manifest: IndexManifest,
        dense: Dense,
        lexical: LexicalIndex,
        pairs: LexicalIndex,
        store: ChunkStore,
        choices: Choices,
    ) -> None:
        """Put the opened parts together; see ``open``."""
        self.corpus_version = manifest.corpus_version
        self.manifest = manifest
        self.store = store
        self._dense = dense
        self._lexical = lexical
        self._pairs = pairs
        self._choices = choices
        self._neighbours = Neighbours(store)
        self._analyser = Analyser()

    @classmethod
    def open(
        cls,
        bundle: Path,
        embedder: Embedder,
        choices: Choices | None = None,
        *,
        dense: Callable[[IndexManifest], Dense] | None = None,
    ) -> FaissRetriever:
        """Verify and open the bundle for questions that ``embedder`` embeds.

        ``dense`` opens vectors that are kept elsewhere; without it they are the bundle's.

        Raises:
            IndexUnusable: missing, damaged, of another schema, or made by another model. The
                message says what to run.
        """
        manifest = read_manifest(bundle)
        verify_model(
            manifest, model_id=embedder.model_id, dimension=embedder.dimension, bundle=bundle
        )
        verify_lexical(manifest, lexical=LEXICAL_KIND, bundle=bundle)
        verify_files(bundle, manifest, hash_limit_bytes=HASH_LIMIT_BYTES)
        chunks = manifest.counts.chunks
        if dense is None:
            vectors: Dense = DenseIndex(bundle, chunks=chunks, dimension=manifest.dimension)
        else:
            vectors = dense(manifest)
        lexical = LexicalIndex(bundle / LEXICAL, chunks=chunks)
        pairs = LexicalIndex(bundle / PAIRS, chunks=chunks)
        return cls(manifest, vectors, lexical, pairs, ChunkStore(bundle), choices or Choices())

    def retrieve(
        self,
        question: str,
        vector: Vector,
        *,
        k: int,
        groups: frozenset[str],
        filters: Mapping[str, str] | None = None,
    ) -> list[Passage]:
        """Return at most ``k`` passages visible to ``groups``, best first, near-duplicates once.

        Where a chunk cuts a clause, its passage goes on into the neighbour up to the clause's end.
        """
        if k < 1:
            return []
        ranked = self.rank(question, vector, groups=groups, filters=filters)
        numbers: dict[str, int] = {}
        chosen = select(self.passages(ranked, numbers), k, per_document=self._choices.per_document)
        if not self._choices.whole_clauses:
            return chosen
        return [self._neighbours.completed(p, numbers[p.chunk_id]) for p in chosen]

    def rank(
        self,
        question: str,
        vector: Vector,
        *,
        groups: frozenset[str],
        filters: Mapping[str, str] | None = None,
    ) -> Ranked:
        """Rank the union of the 100 nearest chunks and the 100 with the highest BM25.

        All scores of every candidate are exact; ``fused`` is what ``fusion.fuse`` makes of them.
        """
        import numpy as np

        mask, reader = self.store.visible(groups, filters), Reader(groups, filters)
        words = self._analyser.words(question)
        compounds = [word for word in self._analyser.compounds(question) if word not in words]
        near = self._dense.nearest(vector, mask, reader)
        read = self._read_some if len(self.store) > SCORE_ALL_LIMIT else self._read_all
        candidates, lexical, coverage, pairs = read(words, compounds, near, mask)
        cosine, focus = self._dense.cosines(candidates, vector)
        fused = fuse(cosine, focus, lexical, pairs, coverage)
        score = self._dated(question, candidates, fused)
        order = np.lexsort((candidates, -score))
        return Ranked(candidates[order], score[order], cosine[order], focus[order], lexical[order])

    def _read_all(
        self, words: list[str], compounds: list[str], near: Numbers, mask: Mask | None
    ) -> tuple[Numbers, Vector, Vector, Vector]:
        """Candidates, BM25, coverage and the BM25 of pairs, from the scores of every chunk."""

        bm25, coverage = self._lexical.scores_and_coverage(words)
        if compounds:
            bm25 += self._lexical.scores(compounds)
        if mask is not None:
            bm25 *= mask
        found = _union(near, highest(bm25, LIST_LENGTH))
        pairs = self._pairs.scores(pairs_of(words))
        return found, bm25[found], coverage[found], pairs[found]

    def _read_some(
        self, words: list[str], compounds: list[str], near: Numbers, mask: Mask | None
    ) -> tuple[Numbers, Vector, Vector, Vector]:
        """The same, without looking at chunks that cannot be among the best: with a million chunks,
        to score all of them costs more than everything else in a question."""

        best = self._lexical.best([*words, *compounds], LIST_LENGTH, mask)
        found = _union(near, best)
        bm25, coverage = self._lexical.scores_and_coverage_of(words, found)
        if compounds:
            bm25 += self._lexical.scores_and_coverage_of(compounds, found)[0]
        pairs = self._pairs.scores_and_coverage_of(pairs_of(words), found)[0]
        return found, bm25, coverage, pairs

    def _dated(self, question: str, candidates: NDArray[np.int64], score: Vector) -> Vector:
        weight = self._choices.recency_weight
        if asks_for_newest(question):
            weight = max(weight, ASKED_WEIGHT)
        if not weight or not candidates.size:
            return score
        documents = [self.store.documents[self.store.chunk(int(n)).document] for n in candidates]
        dates = [d.metadata.get("date") for d in documents]
        return with_newness(
            score, newness([d if isinstance(d, str) else None for d in dates]), weight
        )

    def passages(self, ranked: Ranked, numbers: dict[str, int]) -> Iterator[Passage]:
        """Yield the ranked passages, best first, each made when it is asked for; ``numbers`` fills
        with the numbers of their chunks, by chunk id."""
        for row, number in enumerate(ranked.chunks.tolist()):
            passage = self._passage(
                number,
                float(ranked.fused[row]),
                float(ranked.cosine[row]),
                float(ranked.lexical[row]),
                float(ranked.focus[row]),
            )
            numbers[passage.chunk_id] = number
            yield passage

    def _passage(
        self, number: int, score: float, cosine: float, lexical: float, focus: float
    ) -> Passage:
        chunk = self.store.chunk(number)
        document = self.store.documents[chunk.document]
        return Passage(
            chunk_id=chunk.id,
            document=document.path,
            title=document.title,
            text=self.store.text(chunk),
            start=chunk.start,
            end=chunk.end,
            score=score,
            url=document.url,
            page=chunk.page,
            section=chunk.section,
            dense=cosine,
            lexical=lexical or None,
            focus=focus,
        )


def _union(near: Numbers, best: Numbers) -> Numbers:
    """The numbers in either, sorted. numpy's own function imports masked arrays first: 14 ms."""
    import numpy as np

    found = np.sort(np.concatenate((near, best)))
    first = np.ones(found.shape, dtype=np.bool_)
    first[1:] = found[1:] != found[:-1]
    return found[first]
