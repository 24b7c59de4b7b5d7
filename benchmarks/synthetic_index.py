"""Index bundles of any size, made up: ``python -m benchmarks.synthetic_index CHUNKS OUT``.

The files are those of a real bundle and are read by the real retriever. Vectors: each lies near a
mixture of two of the shipped corpus's own, with noise, so that neighbourhoods are as uneven as
those of text. Words: 64 a chunk from 32,768 made-up ones, as frequent as Zipf's law has it, each
with its BM25 score; so a few words stand in a third of all chunks, as in English without its stop
words. One window a chunk. Pairs of words only for the first 50,000 chunks: their vocabulary would
be larger than everything else, and costs a lookup no more.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from copilot.index_bundle.manifest import (
    MANIFEST_NAME,
    SCHEMA_VERSION,
    Chunking,
    Counts,
    FileEntry,
    IndexManifest,
    read_manifest,
    sha256_of,
)
from copilot.index_bundle.texts import (
    CHUNK_OFFSETS,
    CHUNKS,
    COLUMNS,
    DOCUMENTS,
    GROUPS,
    TEXTS,
    ChunkRecord,
    DocumentRecord,
)
from embed.lexical_writer import BM25_B, BM25_K1, LexicalWriter
from embed.vector_index import write_vectors, write_windows
from inference.retrieval.dense_index import VECTORS, WINDOW_STARTS, WINDOWS, open_vectors
from inference.retrieval.faiss_retriever import LEXICAL, LEXICAL_KIND, PAIRS
from inference.retrieval.lexical_index import (
    CHUNK_NUMBERS,
    COLUMN_STARTS,
    SCORES,
    VOCABULARY,
    VOCABULARY_OFFSETS,
)
from inference.text.words import pairs_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Terms = NDArray[np.int32]

SHIPPED = Path(__file__).resolve().parents[1] / "faiss_index"
WORDS_PER_CHUNK = 64
CHUNKS_PER_DOCUMENT = 100
PAIRED_CHUNKS = 50_000
NOISE = 0.5
"""Length of the noise beside a vector of length 1."""

_SYLLABLES = ("ba", "ko", "du", "mi", "ra", "lo", "tu", "ne")
_BLOCK = 100_000
_ZIPF_SHIFT, _ZIPF_POWER = 2.7, 1.07
"""Mandelbrot's form of the law, with constants near those of English."""


def words() -> list[str]:
    """The made-up words, sorted, none of which is changed by stemming."""
    return sorted("".join(parts) + "k" for parts in itertools.product(_SYLLABLES, repeat=5))


def make(chunks: int, out: Path) -> None:
    """Write a bundle of so many chunks; the same for the same number."""
    out.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(chunks)
    drawn = terms(generator, chunks)
    vocabulary = words()
    _write_texts(out, drawn, vocabulary)
    _write_words(out / LEXICAL, drawn, vocabulary)
    with tempfile.TemporaryDirectory() as scratch:
        pairs = LexicalWriter(Path(scratch) / PAIRS)
        for row in drawn[:PAIRED_CHUNKS].tolist():
            pairs.add(pairs_of([vocabulary[term] for term in row]))
        pairs.write(out / PAIRS)
    vectors = _vectors(generator, chunks)
    kind, recall = write_vectors(out / VECTORS, vectors)
    write_windows(out / WINDOWS, _near(generator, vectors, NOISE / 2))
    np.save(out / WINDOW_STARTS, np.arange(chunks + 1, dtype=np.int64))
    shipped = read_manifest(SHIPPED)
    manifest = IndexManifest(
        schema=SCHEMA_VERSION,
        model_id=shipped.model_id,
        dimension=shipped.dimension,
        corpus_version=f"made-up-{chunks}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        faiss_kind=kind,
        faiss_recall=recall,
        lexical=LEXICAL_KIND,
        chunking=Chunking(strategy="made up", max_chars=0, overlap_chars=0),
        counts=Counts(documents=-(-chunks // CHUNKS_PER_DOCUMENT), chunks=chunks),
        files={
            path.relative_to(out).as_posix(): FileEntry(
                bytes=path.stat().st_size, sha256=sha256_of(path)
            )
            for path in sorted(out.rglob("*"))
            if path.is_file()
        },
    )
    (out / MANIFEST_NAME).write_bytes(msgspec.json.encode(manifest))


def terms(generator: np.random.Generator, chunks: int) -> Terms:
    """The numbers of each chunk's words, shape ``(chunks, WORDS_PER_CHUNK)``."""
    count = len(_SYLLABLES) ** 5
    weights = 1.0 / (np.arange(count) + _ZIPF_SHIFT) ** _ZIPF_POWER
    limits = np.cumsum(weights / weights.sum())
    # Which word is frequent must not go with its place in the alphabet.
    order = np.random.default_rng(1).permutation(count).astype(np.int32)
    rows = np.empty((chunks, WORDS_PER_CHUNK), dtype=np.int32)
    for at in range(0, chunks, _BLOCK):
        drawn = generator.random((min(_BLOCK, chunks - at), WORDS_PER_CHUNK))
        rows[at : at + _BLOCK] = order[np.minimum(np.searchsorted(limits, drawn), count - 1)]
    return rows


def _write_texts(out: Path, terms: Terms, vocabulary: list[str]) -> None:
    at, start, offset = 0, 0, 0
    documents: list[DocumentRecord] = []
    offsets = np.zeros(len(terms) + 1, dtype=np.int64)
    with (out / TEXTS).open("wb") as texts, (out / CHUNKS).open("wb") as lines:
        for number, text in enumerate(_texts(terms, vocabulary)):
            document, place = divmod(number, CHUNKS_PER_DOCUMENT)
            if place == 0:
                start = at
            record = ChunkRecord(
                id=f"chunk{number}",
                document=document,
                start=at - start,
                end=at - start + len(text),
                at=at,
                to=at + len(text),
            )
            line = msgspec.json.encode(record) + b"\n"
            lines.write(line)
            offset += len(line)
            offsets[number + 1] = offset
            texts.write(text.encode())
            at += len(text)
            if place == CHUNKS_PER_DOCUMENT - 1 or number == len(terms) - 1:
                documents.append(
                    DocumentRecord(
                        path=f"made-up/{document}.md",
                        title=f"Document {document}",
                        at=start,
                        to=at,
                        sha256="",
                        groups=["public"],
                    )
                )
    np.save(out / CHUNK_OFFSETS, offsets)
    columns = np.zeros((2, len(terms)), dtype=np.int32)
    columns[0] = np.arange(len(terms)) // CHUNKS_PER_DOCUMENT
    np.save(out / COLUMNS, columns)
    (out / DOCUMENTS).write_bytes(b"".join(msgspec.json.encode(d) + b"\n" for d in documents))
    (out / GROUPS).write_bytes(b'[["public"]]')


def _texts(terms: Terms, vocabulary: list[str]) -> Iterator[str]:
    for row in terms:
        yield " ".join([vocabulary[term] for term in row.tolist()]) + ".\n"


def _write_words(folder: Path, terms: Terms, vocabulary: list[str]) -> None:
    """BM25 of every word of every chunk, as ``embed.lexical_writer`` stores it."""
    folder.mkdir(exist_ok=True)
    chunks = len(terms)
    keys, counts = [], []
    for at in range(0, chunks, _BLOCK):
        block = terms[at : at + _BLOCK].astype(np.int64)
        rows = np.arange(at, at + len(block))[:, None]
        # By word, then by chunk, within a block; blocks follow each other in the order of chunks.
        found, times = np.unique(block * chunks + rows, return_counts=True)
        keys.append(found)
        counts.append(times.astype(np.float32))
    key, count = np.concatenate(keys), np.concatenate(counts)
    word = (key // chunks).astype(np.int32)
    order = np.argsort(word, kind="stable")
    starts = np.searchsorted(word[order], np.arange(len(vocabulary) + 1)).astype(np.int64)
    held = np.diff(starts)
    rarity = np.log(1 + (chunks - held + 0.5) / (held + 0.5)).astype(np.float32)
    times = count[order]
    # All chunks are of one length, which is then the mean.
    scores = rarity[word[order]] * times / (times + BM25_K1 * (1 - BM25_B + BM25_B))
    lines = [entry.encode() + b"\n" for entry in vocabulary]
    (folder / VOCABULARY).write_bytes(b"".join(lines))
    np.save(folder / VOCABULARY_OFFSETS, np.cumsum([0, *map(len, lines)], dtype=np.int64))
    np.save(folder / COLUMN_STARTS, starts)
    np.save(folder / CHUNK_NUMBERS, (key % chunks)[order].astype(np.int32))
    np.save(folder / SCORES, scores.astype(np.float32))


def _vectors(generator: np.random.Generator, chunks: int) -> Vectors:
    shipped = open_vectors(SHIPPED / VECTORS)
    real = shipped.reconstruct_n(0, shipped.ntotal)
    made = np.empty((chunks, shipped.d), dtype=np.float32)
    for at in range(0, chunks, _BLOCK):
        count = min(_BLOCK, chunks - at)
        one, other = generator.integers(0, len(real), size=(2, count))
        share = generator.random((count, 1), dtype=np.float32)
        made[at : at + count] = _near(
            generator, share * real[one] + (1 - share) * real[other], NOISE
        )
    return made


def _near(generator: np.random.Generator, vectors: Vectors, noise: float) -> Vectors:
    """Unit vectors near ``vectors``."""
    made = np.empty_like(vectors)
    for at in range(0, len(vectors), _BLOCK):
        block = vectors[at : at + _BLOCK]
        drawn = generator.standard_normal(block.shape, dtype=np.float32)
        near = block + drawn * np.float32(noise / np.sqrt(block.shape[1]))
        made[at : at + _BLOCK] = near / np.linalg.norm(near, axis=1, keepdims=True)
    return made


if __name__ == "__main__":
    make(int(sys.argv[1]), Path(sys.argv[2]))
