"""Choose and write the FAISS index: exact, a graph, an inverted file, whatever its size asks for.

One exact search over 50,000 vectors takes about 7 ms on one thread, as long as embedding the
question; a graph (HNSW) answers in 0.2 ms at any size up to millions, at the price of recall. Past
half a million, a graph takes ten times as long to build as an inverted file, which holds its
vectors in half precision and so in half the memory. Recall is measured, whatever is built.

Vectors may be mapped from a file. What is stored flat goes from there to the index in blocks; a
graph and an inverted file are held in memory while they are made.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embed.blocks import BLOCKS
from inference.retrieval.dense_index import EF_SEARCH, LIST_LENGTH, PROBES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

FLAT_LIMIT = 50_000
GRAPH_LIMIT = 500_000
_LINKS = 32
_EF_CONSTRUCTION = 80
_SAMPLES = 200
_POINTS_PER_LIST = 40
_ROUNDS = 10


def write_vectors(
    path: Path,
    vectors: Vectors,
    *,
    flat_limit: int = FLAT_LIMIT,
    graph_limit: int = GRAPH_LIMIT,
    block: int = BLOCKS.vectors,
) -> tuple[str, float]:
    """Index unit ``vectors`` for inner products; return the kind of index and its recall@10."""
    import faiss

    count, dimension = vectors.shape
    index: Any
    if count <= flat_limit:
        _write_flat(path, faiss.IndexFlatIP(dimension), vectors, codes=dimension, block=block)
        return "flat-ip", 1.0
    if count <= graph_limit:
        kind = f"hnsw{_LINKS}-ip"
        index = faiss.IndexHNSWFlat(dimension, _LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = _EF_CONSTRUCTION
        index.add(vectors)
        options = faiss.SearchParametersHNSW(efSearch=EF_SEARCH)
        recall = _recall(index, vectors, options)
    else:
        index = _inverted_file(vectors, block)
        kind = f"ivf{index.nlist}-fp16-ip"
        recall = _recall(index, vectors, faiss.SearchParametersIVF(nprobe=PROBES))
    faiss.write_index(index, str(path))
    return kind, recall


def write_windows(
    path: Path, windows: Vectors, *, flat_limit: int = FLAT_LIMIT, block: int = BLOCKS.vectors
) -> None:
    """Store the unit vectors of windows, which are looked up by number and never searched.

    Beyond ``flat_limit`` in half precision: a cosine is off by less than 0.0005.
    """
    import faiss

    dimension = windows.shape[1]
    if len(windows) <= flat_limit:
        _write_flat(path, faiss.IndexFlatIP(dimension), windows, codes=dimension, block=block)
        return
    index = faiss.IndexScalarQuantizer(
        dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    index.train(windows[:1])
    _write_flat(path, index, windows, codes=2 * dimension, block=block)


def _write_flat(path: Path, empty: Any, vectors: Vectors, *, codes: int, block: int) -> None:
    """Write what ``faiss.write_index`` would after ``empty.add(vectors)``, block by block.

    ``codes`` is what FAISS counts for one vector: four bytes at a time in a flat index, single
    bytes in a quantized one. The head of either holds the number of vectors behind its kind and its
    dimension, and ends with the number of codes, which follow (faiss/impl/index_write.cpp).
    """
    import faiss

    count = len(vectors)
    head = bytearray(faiss.serialize_index(empty))
    struct.pack_into("<q", head, 8, count)
    struct.pack_into("<Q", head, len(head) - 8, count * codes)
    with path.open("wb") as file:
        file.write(head)
        for at in range(0, count, block):
            empty.sa_encode(vectors[at : at + block]).tofile(file)


def _inverted_file(vectors: Vectors, block: int) -> Any:
    """Lists of near vectors in half precision, twice the square root of their number of lists."""
    import faiss

    count, dimension = vectors.shape
    lists = 2 ** round(math.log2(2 * math.sqrt(count)))
    coarse = faiss.IndexFlatIP(dimension)
    index = faiss.IndexIVFScalarQuantizer(
        coarse,
        dimension,
        lists,
        faiss.ScalarQuantizer.QT_fp16,
        faiss.METRIC_INNER_PRODUCT,
        False,
    )
    index.cp.max_points_per_centroid = _POINTS_PER_LIST
    index.cp.niter = _ROUNDS
    index.train(vectors)
    for at in range(0, count, block):
        index.add(vectors[at : at + block])
    return index


def _recall(index: Any, vectors: Vectors, options: Any) -> float:
    """Recall@10 against exact search, for vectors half-way between two stored neighbours.

    Stored vectors themselves would find themselves too easily.
    """
    import faiss
    import numpy as np

    generator = np.random.default_rng(0)
    pairs = generator.integers(0, len(vectors), size=(2, _SAMPLES))
    probes = vectors[pairs[0]] + 0.5 * vectors[pairs[1]]
    probes /= np.linalg.norm(probes, axis=1, keepdims=True)
    exact = faiss.knn(probes, vectors, 10, metric=faiss.METRIC_INNER_PRODUCT)[1]
    found = index.search(probes, LIST_LENGTH, params=options)[1][:, :10]
    shared = [len(set(a) & set(b)) for a, b in zip(exact.tolist(), found.tolist(), strict=True)]
    return round(sum(shared) / (10 * _SAMPLES), 4)
