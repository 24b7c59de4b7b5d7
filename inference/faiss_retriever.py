"""Passages from one index bundle: dense (FAISS) and lexical lists, filtered, fused, de-duplicated.

Filtering comes first: a chunk that the caller may not see is in neither list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.index_manifest import (
    IndexManifest,
    IndexUnusable,
    read_manifest,
    verify_files,
    verify_lexical,
    verify_model,
)
from inference.chunk_store import ChunkStore
from inference.fusion import is_near_duplicate, min_max_fusion
from inference.lexical_index import LexicalIndex
from inference.ports import Embedder, Passage
from inference.words import ANALYSER

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

VECTORS = "vectors.faiss"
LEXICAL = "lexical"
LEXICAL_KIND = f"bm25-lucene/{ANALYSER}"

LIST_LENGTH = 100
HASH_LIMIT_BYTES = 256 * 1024 * 1024
EF_SEARCH = 128


@dataclass(frozen=True, slots=True)
class Ranked:
    """Candidate chunks, best first, with their scores; four arrays of one length.

    ``fused`` is in 0..1, ``cosine`` and ``lexical`` (BM25) are exact for every candidate.
    """

    chunks: NDArray[np.int64]
    fused: Vector
    cosine: Vector
    lexical: Vector


class FaissRetriever:
    """Implements ``ports.Retriever``."""

    def __init__(
        self, manifest: IndexManifest, index: Any, lexical: LexicalIndex, store: ChunkStore
    ) -> None:
        """Put the opened parts together; see ``open``."""
        self.corpus_version = manifest.corpus_version
        self.manifest = manifest
        self.store = store
        self._index = index
        self._lexical = lexical

    @classmethod
    def open(cls, bundle: Path, embedder: Embedder) -> FaissRetriever:
        """Verify and open the bundle for questions that ``embedder`` embeds.

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
        index = open_vectors(bundle / VECTORS)
        chunks = manifest.counts.chunks
        if (index.ntotal, index.d) != (chunks, manifest.dimension):
            raise IndexUnusable(
                f"{bundle / VECTORS} holds {index.ntotal} vectors of {index.d} dimensions, the "
                f"manifest promises {chunks} of {manifest.dimension}. Rebuild the index: "
                f"python -m embed build DOCS... --out {bundle}"
            )
        lexical = LexicalIndex(bundle / LEXICAL, chunks=chunks)
        return cls(manifest, index, lexical, ChunkStore(bundle))

    def retrieve(
        self,
        question: str,
        vector: Vector,
        *,
        k: int,
        groups: frozenset[str],
        filters: Mapping[str, str] | None = None,
    ) -> list[Passage]:
        """Return at most ``k`` passages visible to ``groups``, best first, near-duplicates once."""
        passages: list[Passage] = []
        ranked = self.rank(question, vector, groups=groups, filters=filters)
        for row, number in enumerate(ranked.chunks):
            if len(passages) >= k:
                break
            passage = self._passage(
                int(number),
                float(ranked.fused[row]),
                float(ranked.cosine[row]),
                float(ranked.lexical[row]),
            )
            if not is_near_duplicate(_said(passage), [_said(p) for p in passages]):
                passages.append(passage)
        return passages

    def rank(
        self,
        question: str,
        vector: Vector,
        *,
        groups: frozenset[str],
        filters: Mapping[str, str] | None = None,
    ) -> Ranked:
        """Rank the union of the 100 nearest chunks and the 100 with the highest BM25.

        Both scores of every candidate are exact; ``fused`` is their min-max fusion.
        """
        import numpy as np

        mask = self.store.visible(groups, filters)
        bm25 = self._lexical.scores(question)
        if mask is not None:
            bm25 *= mask
        candidates = np.union1d(self._nearest(vector, mask), _top(bm25, LIST_LENGTH))
        cosine = self._cosines(candidates, vector)
        lexical = bm25[candidates]
        score = min_max_fusion(cosine, lexical)
        order = np.lexsort((candidates, -score))
        return Ranked(candidates[order], score[order], cosine[order], lexical[order])

    def _nearest(self, vector: Vector, mask: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        import numpy as np

        length = min(LIST_LENGTH, self._index.ntotal)
        if length == 0 or (mask is not None and not mask.any()):
            return np.empty(0, dtype=np.int64)
        found = self._index.search(vector[None, :], length, params=self._parameters(mask))[1][0]
        return np.asarray(found[found >= 0], dtype=np.int64)

    def _parameters(self, mask: NDArray[np.bool_] | None) -> Any:
        import faiss
        import numpy as np

        approximate = isinstance(self._index, faiss.IndexHNSW)
        if mask is None and not approximate:
            return None
        given: dict[str, Any] = {"efSearch": EF_SEARCH} if approximate else {}
        if mask is not None:
            given["sel"] = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
        kind = faiss.SearchParametersHNSW if approximate else faiss.SearchParameters
        return kind(**given)

    def _cosines(self, candidates: NDArray[np.int64], vector: Vector) -> Vector:
        import numpy as np

        if candidates.size == 0:
            return np.empty(0, dtype=np.float32)
        held = self._index.reconstruct_batch(candidates)
        return np.asarray(held @ vector, dtype=np.float32)

    def _passage(self, number: int, score: float, cosine: float, lexical: float) -> Passage:
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
        )


def open_vectors(path: Path) -> Any:
    """Open a FAISS index memory-mapped.

    Raises:
        IndexUnusable: not a FAISS index.
    """
    import faiss

    try:
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise IndexUnusable(
            f"{path} is not a FAISS index ({error}). Rebuild it: python -m embed build DOCS..."
        ) from error


def _top(scores: Vector, length: int) -> NDArray[np.int64]:
    """The positions of the ``length`` highest positive scores, in no order."""
    import numpy as np

    positive = np.flatnonzero(scores > 0)
    if positive.size > length:
        kept = np.argpartition(-scores[positive], length - 1)[:length]
        positive = positive[kept]
    return np.asarray(positive, dtype=np.int64)


def _said(passage: Passage) -> str:
    """What a passage says, with the title and section that tell one year's tariff from another."""
    return " ".join((passage.title, passage.section or "", passage.text))
