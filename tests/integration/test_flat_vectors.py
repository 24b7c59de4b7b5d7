"""FAISS's flat indexes read without FAISS: the same vectors, the same neighbours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from copilot.index_bundle.manifest import IndexUnusable
from embed.vector_index import write_vectors, write_windows
from inference.retrieval import flat_vectors
from inference.retrieval.dense_index import VECTORS, WINDOWS, FaissVectors, needs_faiss
from inference.retrieval.flat_vectors import FlatVectors, map_flat, read_flat


def unit_vectors(count: int, dimension: int, seed: int) -> NDArray[np.float32]:
    made = np.random.default_rng(seed).standard_normal((count, dimension), dtype=np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    count=st.integers(1, 300),
    dimension=st.sampled_from([1, 3, 8, 384]),
    length=st.integers(1, 120),
    allowed=st.none() | st.floats(0, 1),
    seed=st.integers(0, 10_000),
)
def test_it_finds_what_faiss_finds(
    count: int, dimension: int, length: int, allowed: float | None, seed: int, tmp_path: Path
) -> None:
    path = tmp_path / VECTORS
    vectors = unit_vectors(count, dimension, seed)
    write_vectors(path, vectors)
    generator = np.random.default_rng(seed + 1)
    mask = None if allowed is None else generator.random(count) < allowed
    asked = unit_vectors(1, dimension, seed + 2)[0]
    ours, theirs = read_flat(path), FaissVectors(path)
    assert isinstance(ours, FlatVectors)
    assert (ours.count, ours.dimension) == (theirs.count, theirs.dimension) == (count, dimension)
    found, expected = ours.nearest(asked, length, mask), theirs.nearest(asked, length, mask)
    assert len(set(found.tolist())) == len(found) == len(expected)
    assert mask is None or mask[found].all()
    # Which of two that are equally near is kept is open; how near they are is not.
    near = np.sort(vectors[found] @ asked), np.sort(vectors[expected] @ asked)
    assert np.allclose(*near, atol=1e-6)


@pytest.mark.parametrize("open_it", [read_flat, map_flat])
@pytest.mark.parametrize("count", [0, 1, 77])
def test_it_gives_the_same_vectors_back(
    open_it: Callable[[Path], FlatVectors | None], count: int, tmp_path: Path
) -> None:
    path = tmp_path / WINDOWS
    vectors = unit_vectors(count, 24, 1)
    write_windows(path, vectors)
    opened = open_it(path)
    assert opened is not None
    numbers = np.array([n for n in (5, 0, 0, 76) if n < count], dtype=np.int64)
    assert opened.count == count
    assert np.array_equal(opened.at(numbers), vectors[numbers])
    assert np.array_equal(opened.at(numbers), FaissVectors(path).at(numbers))


def test_what_is_not_flat_is_left_to_faiss(tmp_path: Path) -> None:
    vectors = unit_vectors(400, 8, 3)
    graph, halves, distances = tmp_path / "graph", tmp_path / "halves", tmp_path / "distances"
    write_vectors(graph, vectors, flat_limit=10)
    write_windows(halves, vectors, flat_limit=10)
    by_distance = faiss.IndexFlatL2(8)
    by_distance.add(vectors)
    faiss.write_index(by_distance, str(distances))
    for path in (graph, halves, distances, tmp_path / "missing"):
        assert read_flat(path) is None
        assert map_flat(path) is None


@pytest.mark.parametrize("kept", [0, 10, 45, 500, -1])
def test_a_file_that_is_cut_is_refused(kept: int, tmp_path: Path) -> None:
    path = tmp_path / VECTORS
    write_vectors(path, unit_vectors(30, 8, 4))
    path.write_bytes(path.read_bytes()[:kept])
    assert read_flat(path) is None
    assert map_flat(path) is None
    with pytest.raises(IndexUnusable, match="python -m embed build"):
        FaissVectors(path)


def test_a_large_index_is_searched_by_faiss_and_looked_up_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = unit_vectors(200, 8, 5)
    write_vectors(tmp_path / VECTORS, vectors)
    write_windows(tmp_path / WINDOWS, vectors)
    assert not needs_faiss(tmp_path)
    monkeypatch.setattr(flat_vectors, "SEARCHED_BYTES", 200 * 8 * 4)
    assert read_flat(tmp_path / VECTORS) is None
    assert map_flat(tmp_path / WINDOWS) is not None
    assert needs_faiss(tmp_path)
