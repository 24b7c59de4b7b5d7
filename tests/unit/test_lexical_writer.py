"""The lexical index: the library's scores to the last bit, whatever is held at a time."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import bm25s
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from embed.array_file import ArrayFile, VectorFile
from embed.lexical_writer import BM25_B, BM25_K1, LexicalWriter
from inference.retrieval.lexical_index import (
    CHUNK_NUMBERS,
    COLUMN_STARTS,
    SCORES,
    VOCABULARY,
    VOCABULARY_OFFSETS,
)

TERMS = st.text(alphabet="abé風 ", min_size=1, max_size=3)
CHUNKS = st.lists(st.lists(TERMS, max_size=12), min_size=1, max_size=30)


def written(chunks: Sequence[Sequence[str]], block_postings: int) -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        writer = LexicalWriter(Path(folder) / "scratch", block_postings=block_postings)
        for terms in chunks:
            writer.add(terms)
        writer.write(Path(folder) / "index")
        return {path.name: path.read_bytes() for path in (Path(folder) / "index").iterdir()}


def by_the_library(chunks: Sequence[Sequence[str]]) -> dict[str, bytes]:
    vocabulary = sorted({term.encode() for terms in chunks for term in terms})
    number = {term.decode(): place for place, term in enumerate(vocabulary)}
    scores: dict[str, Any] = {"indptr": np.zeros(1), "indices": np.zeros(0), "data": np.zeros(0)}
    if vocabulary:
        model = bm25s.BM25(method="lucene", k1=BM25_K1, b=BM25_B)
        ids = [[number[term] for term in terms] for terms in chunks]
        model.index((ids, number), show_progress=False, create_empty_token=False)
        scores = model.scores
    offsets = np.cumsum([0, *(len(term) + 1 for term in vocabulary)])
    arrays: dict[str, Any] = {
        VOCABULARY_OFFSETS: np.asarray(offsets, dtype=np.int64),
        COLUMN_STARTS: np.asarray(scores["indptr"], dtype=np.int64),
        CHUNK_NUMBERS: np.asarray(scores["indices"], dtype=np.int32),
        SCORES: np.asarray(scores["data"], dtype=np.float32),
    }
    found = {VOCABULARY: b"".join(term + b"\n" for term in vocabulary)}
    with TemporaryDirectory() as folder:
        for name, array in arrays.items():
            np.save(Path(folder) / name, array, allow_pickle=False)
            found[name] = (Path(folder) / name).read_bytes()
    return found


@settings(max_examples=60)
@given(CHUNKS, st.integers(1, 40))
def test_the_files_are_those_of_the_library_in_blocks_of_any_size(
    chunks: list[list[str]], block_postings: int
) -> None:
    assert written(chunks, block_postings) == by_the_library(chunks)


def test_many_blocks_are_merged_a_few_terms_at_a_time() -> None:
    generator = np.random.default_rng(3)
    chunks = [[f"t{n}" for n in generator.zipf(1.3, size=40) % 5000] for _ in range(400)]
    expected = by_the_library(chunks)
    assert written(chunks, 2**18) == expected
    assert written(chunks, 200) == expected


def test_memory_does_not_grow_with_the_terms() -> None:
    def peak(chunks: int) -> int:
        tracemalloc.start()
        with TemporaryDirectory() as folder:
            writer = LexicalWriter(Path(folder) / "scratch", block_postings=2000)
            for number in range(chunks):
                writer.add([f"a term of its own {number} {place}" for place in range(50)])
            writer.write(Path(folder) / "index")
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    small = peak(80)
    assert peak(800) < 1.5 * small


@given(st.lists(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=9), max_size=5))
def test_an_array_written_piece_by_piece_is_that_of_numpy(pieces: list[list[int]]) -> None:
    with TemporaryDirectory() as folder:
        with ArrayFile(Path(folder) / "ours.npy", np.int64) as file:
            for piece in pieces:
                file.append(piece)
        whole = np.array([value for piece in pieces for value in piece], dtype=np.int64)
        np.save(Path(folder) / "theirs.npy", whole)
        ours = (Path(folder) / "ours.npy").read_bytes()
        assert ours == (Path(folder) / "theirs.npy").read_bytes()


@given(st.permutations(range(12)), st.integers(1, 12))
def test_vectors_written_in_any_order_lie_in_their_rows(order: list[int], at_a_time: int) -> None:
    vectors = np.arange(36, dtype=np.float32).reshape(12, 3)
    with TemporaryDirectory() as folder, VectorFile(Path(folder) / "vectors", 3) as file:
        for at in range(0, 12, at_a_time):
            rows = np.array(order[at : at + at_a_time], dtype=np.int64)
            file.put(rows, vectors[rows])
        assert np.array_equal(file.rows(0, 12), vectors)
        assert np.array_equal(file.rows(7, 4), vectors[7:11])
        assert file.rows(12, 0).shape == (0, 3)
