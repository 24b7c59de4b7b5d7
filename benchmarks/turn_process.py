"""One process that measures turns on one bundle: ``benchmarks.turn_process BUNDLE ASKS QDRANT``.

Prints one JSON object: milliseconds of every question by stage, of opening the index, and memory.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmarks.process_memory import anonymous_mb, resident_mb
from benchmarks.synthetic_index import NOISE
from inference.answering import prompt
from inference.cache.qdrant_cache import QdrantCache
from inference.clock import SystemClock
from inference.encoders.onnx_embedder import OnnxEmbedder
from inference.ports import CacheScope, Origin
from inference.qdrant.http import QdrantHttp
from inference.retrieval.dense_index import VECTORS, open_vectors
from inference.retrieval.faiss_retriever import FaissRetriever

ROOT = Path(__file__).resolve().parents[1]
WARM_UP = 20
WORDS_ASKED = 8
PASSAGES = 6
PUBLIC = frozenset({"public"})
SCOPE = CacheScope(tenant="t", groups_hash="g", corpus_version="c", model="m", prompt_version="p")

T = TypeVar("T")
Stages = dict[str, list[float]]


def timed(stages: Stages, name: str, work: Callable[[], T]) -> T:
    """Do it and note the milliseconds."""
    began = time.perf_counter()
    result = work()
    stages.setdefault(name, []).append((time.perf_counter() - began) * 1000)
    return result


def questions(retriever: FaissRetriever, bundle: Path, count: int) -> list[tuple[str, Any]]:
    """Eight words of a chunk chosen at random, and a vector near the chunk's."""
    generator = np.random.default_rng(7)
    vectors = open_vectors(bundle / VECTORS)
    asked = []
    for number in generator.integers(0, vectors.ntotal, size=count).tolist():
        held = retriever.store.text(retriever.store.chunk(number)).strip(" .\n").split()
        words = generator.choice(held, size=WORDS_ASKED, replace=False)
        noise = generator.standard_normal(vectors.d, dtype=np.float32)
        vector = vectors.reconstruct(number) + noise * np.float32(NOISE / np.sqrt(vectors.d))
        asked.append((" ".join(words) + "?", vector / np.linalg.norm(vector)))
    return asked


async def measure(bundle: Path, asks: int, qdrant: str) -> dict[str, Any]:
    """Everything of a turn but the model."""
    me = os.getpid()
    embedder = OnnxEmbedder(ROOT / "inference" / "model")
    before, own = resident_mb(me), anonymous_mb(me)
    stages: Stages = {}
    retriever = timed(stages, "open the index", lambda: FaissRetriever.open(bundle, embedder))
    cache = QdrantCache(
        QdrantHttp(qdrant),
        SystemClock(),
        collection="bench",
        dimension=embedder.dimension,
        threshold=0.7,
        ttl_s=3600,
        lookup_s=5.0,
    )
    lines = (ROOT / "corpus" / "questions.jsonl").read_text().splitlines()
    real = [json.loads(line)["question"] for line in lines]
    for number, (question, vector) in enumerate(questions(retriever, bundle, WARM_UP + asks)):
        kept = stages if number >= WARM_UP else {}
        began = time.perf_counter()
        timed(kept, "embed", lambda: embedder.embed([real[number % len(real)]]))  # noqa: B023
        looked = time.perf_counter()
        await cache.lookup(question, vector, SCOPE)
        kept.setdefault("cache lookup", []).append((time.perf_counter() - looked) * 1000)
        found = timed(
            kept,
            "retrieve",
            lambda: retriever.retrieve(question, vector, k=PASSAGES, groups=PUBLIC),  # noqa: B023
        )
        timed(kept, "prompt", lambda: prompt.build(question, found))  # noqa: B023
        kept.setdefault("turn", []).append((time.perf_counter() - began) * 1000)
        timed(kept, "dense", lambda: retriever._dense.nearest(vector, None))  # noqa: B023
        words = retriever._analyser.words(question)
        near = np.empty(0, dtype=np.int64)
        large = len(retriever.store) > 50_000
        read = retriever._read_some if large else retriever._read_all
        timed(kept, "lexical", lambda: read(words, [], near, None))  # noqa: B023
        await cache.store(
            question,
            vector,
            SCOPE,
            text="Answer.",
            passages=found[:1],
            origin=Origin(answer_id=f"a{number}", user="u"),
        )
    return {
        "stages": stages,
        "kind": retriever.manifest.faiss_kind,
        "recall": retriever.manifest.faiss_recall,
        "grown_mb": resident_mb(me) - before,
        "own_mb": anonymous_mb(me) - own,
    }


if __name__ == "__main__":
    given = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    print(json.dumps(asyncio.run(measure(*given))))
