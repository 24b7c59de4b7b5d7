"""A made-up index is read as a real one, and its words weigh what the library gives them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import bm25s
import numpy as np

from benchmarks import synthetic_index
from copilot.index_bundle.manifest import read_manifest
from inference.retrieval.faiss_retriever import LEXICAL, FaissRetriever
from inference.retrieval.lexical_index import LexicalIndex


def test_a_made_up_index_is_searched_like_any_other(tmp_path: Path) -> None:
    synthetic_index.make(300, tmp_path)
    manifest = read_manifest(synthetic_index.SHIPPED)
    embedder = SimpleNamespace(model_id=manifest.model_id, dimension=manifest.dimension)
    retriever = FaissRetriever.open(tmp_path, embedder)
    texts = [retriever.store.text(retriever.store.chunk(n)).strip(" .\n") for n in range(300)]
    library = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    library.index([text.split() for text in texts], show_progress=False)
    words = LexicalIndex(tmp_path / LEXICAL, chunks=300)
    asked = list(dict.fromkeys(texts[7].split()))[:8]
    assert np.allclose(words.scores(asked), library.get_scores(asked), atol=1e-5)
    vector = np.zeros(manifest.dimension, dtype=np.float32)
    found = retriever.retrieve(" ".join(asked), vector, k=3, groups=frozenset({"public"}))
    assert found[0].chunk_id == "chunk7"
    assert retriever.retrieve("x", vector, k=3, groups=frozenset({"other"})) == []
