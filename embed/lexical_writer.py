"""Write a lexical index: the BM25 score of every term in every chunk, stored term by term.

Terms are collected until there are enough for a block, sorted and put away on disk; at the
end these blocks are merged, some terms at a time (single-pass in-memory indexing: Heinz and Zobel
2003, "Efficient single-pass index construction for text databases"). So memory does not grow with
the chunks but for their lengths. Scores are those of bm25s with the method "lucene", to the last
bit; the library itself wants the terms of all chunks at once.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from embed.array_file import ArrayFile
from embed.blocks import BLOCKS
from inference.retrieval.lexical_index import (
    CHUNK_NUMBERS,
    COLUMN_STARTS,
    SCORES,
    VOCABULARY,
    VOCABULARY_OFFSETS,
)

# Chunks are all of about one length, so that length says little and repetition less (ADR 33).
BM25_K1 = 0.9
BM25_B = 0.4

_MERGED_AT_ONCE = 4
"""The part of a block's postings that as many terms are read at a time while blocks are merged."""

_LEAST_TERMS = 16
"""What is read of each block even if there are many."""

Integers = NDArray[np.int32]


class LexicalWriter:
    """Takes the terms of one chunk after another, then writes the index of them."""

    def __init__(self, scratch: Path, *, block_postings: int = BLOCKS.postings) -> None:
        """``scratch`` is a folder of its own that is made here."""
        scratch.mkdir(parents=True)
        self._scratch = scratch
        self._limit = block_postings
        self._lengths = array("i")
        self._blocks: list[_Block] = []
        self._begin()

    def _begin(self) -> None:
        self._first = len(self._lengths)
        self._numbers: dict[str, int] = {}
        self._terms, self._times, self._distinct = array("i"), array("i"), array("i")

    def add(self, terms: Sequence[str]) -> None:
        """Take the terms of the next chunk, words or pairs of them, repeats kept."""
        counted = Counter(terms)
        numbers = self._numbers
        self._terms.extend([numbers.setdefault(term, len(numbers)) for term in counted])
        self._times.extend(counted.values())
        self._distinct.append(len(counted))
        self._lengths.append(len(terms))
        if len(self._terms) >= self._limit:
            self._put_away()

    def write(self, folder: Path) -> None:
        """Make ``folder`` and write the index into it; nothing can be added any more."""
        self._put_away()
        folder.mkdir()
        most = self._limit // _MERGED_AT_ONCE // max(1, len(self._blocks))
        merged = _merged(self._blocks, max(_LEAST_TERMS, most))
        _write(merged, np.array(self._lengths), folder)

    def _put_away(self) -> None:
        """Write what was collected as one block, by term and then by chunk."""
        if not self._terms:
            return
        # As strings and as bytes of UTF-8 they sort in one way.
        terms = sorted(self._numbers)
        rank = np.empty(len(terms), dtype=np.int32)
        rank[[self._numbers[term] for term in terms]] = np.arange(len(terms))
        ranked = rank[np.array(self._terms)]
        order = np.argsort(ranked, kind="stable")
        last = self._first + len(self._distinct)
        chunks = np.repeat(np.arange(self._first, last, dtype=np.int32), np.array(self._distinct))
        block = _Block(self._scratch / f"{len(self._blocks)}", len(terms))
        with block.terms.open("wb") as file:
            file.writelines(term.encode() + b"\n" for term in terms)
        np.bincount(ranked).astype(np.int32).tofile(block.counts)
        chunks[order].tofile(block.chunks)
        np.array(self._times)[order].tofile(block.times)
        self._blocks.append(block)
        self._begin()


@dataclass
class _Block:
    """The files of one block, and how far they have been read."""

    path: Path
    size: int
    read: int = 0
    """Terms that were read into ``waiting``."""
    at: int = 0
    """Where the next term's text begins in its file."""
    taken: int = 0
    """Terms that were taken from ``waiting``."""
    postings: int = 0
    """Postings of the terms that were taken."""
    waiting: list[bytes] = field(default_factory=list)

    @property
    def terms(self) -> Path:
        return self.path.with_suffix(".terms")

    @property
    def counts(self) -> Path:
        return self.path.with_suffix(".counts")

    @property
    def chunks(self) -> Path:
        return self.path.with_suffix(".chunks")

    @property
    def times(self) -> Path:
        return self.path.with_suffix(".times")

    def fill(self, most: int) -> None:
        """Read on until as many terms wait, or there are no more."""
        wanted = min(most - len(self.waiting), self.size - self.read)
        if wanted > 0:
            with self.terms.open("rb") as file:
                file.seek(self.at)
                self.waiting.extend(file.readline().removesuffix(b"\n") for _ in range(wanted))
                self.at = file.tell()
            self.read += wanted

    def take(self, boundary: bytes | None) -> tuple[list[bytes], Integers, Integers, Integers]:
        """Terms up to ``boundary``, the number of their postings, and these: chunk and times."""
        cut = len(self.waiting) if boundary is None else bisect_right(self.waiting, boundary)
        terms, self.waiting = self.waiting[:cut], self.waiting[cut:]
        counts = _read(self.counts, self.taken, cut)
        total = int(counts.sum())
        chunks = _read(self.chunks, self.postings, total)
        times = _read(self.times, self.postings, total)
        self.taken += cut
        self.postings += total
        return terms, counts, chunks, times


def _read(path: Path, start: int, count: int) -> Integers:
    return np.fromfile(path, dtype=np.int32, count=count, offset=start * 4)


@dataclass(frozen=True)
class _Columns:
    """Some terms, sorted, in how many chunks each occurs, and where and how often."""

    terms: list[bytes]
    held: NDArray[np.int64]
    chunks: Integers
    times: Integers


def _write(columns: Iterator[_Columns], lengths: Integers, folder: Path) -> None:
    mean = lengths.mean() if len(lengths) else 0.0
    with ExitStack() as files:
        vocabulary: BinaryIO = files.enter_context((folder / VOCABULARY).open("wb"))
        offsets = files.enter_context(ArrayFile(folder / VOCABULARY_OFFSETS, np.int64))
        starts = files.enter_context(ArrayFile(folder / COLUMN_STARTS, np.int64))
        numbers = files.enter_context(ArrayFile(folder / CHUNK_NUMBERS, np.int32))
        scores = files.enter_context(ArrayFile(folder / SCORES, np.float32))
        offset = start = 0
        offsets.append([0])
        starts.append([0])
        for merged in columns:
            lines = [term + b"\n" for term in merged.terms]
            vocabulary.writelines(lines)
            ends = offset + np.cumsum([len(line) for line in lines])
            offsets.append(ends)
            offset = int(ends[-1])
            starts.append(start + np.cumsum(merged.held))
            start += len(merged.chunks)
            numbers.append(merged.chunks)
            scores.append(_scores(merged, lengths, mean))


def _merged(blocks: Sequence[_Block], most: int) -> Iterator[_Columns]:
    """All terms in their order, some at a time: up to ``most`` of each block."""
    while True:
        for block in blocks:
            block.fill(most)
        ends = [block.waiting[-1] for block in blocks if block.waiting and block.read < block.size]
        boundary = min(ends) if ends else None
        parts = [block.take(boundary) for block in blocks if block.waiting]
        if not parts:
            return
        yield _united(parts)


def _united(parts: list[tuple[list[bytes], Integers, Integers, Integers]]) -> _Columns:
    terms = sorted(set().union(*(part[0] for part in parts)))
    place = {term: number for number, term in enumerate(terms)}
    columns = [np.array([place[t] for t in part[0]], dtype=np.int64) for part in parts]
    held = np.zeros(len(terms), dtype=np.int64)
    for column, (_, counts, _, _) in zip(columns, parts, strict=True):
        held[column] += counts
    chunks = np.empty(int(held.sum()), dtype=np.int32)
    times = np.empty_like(chunks)
    free = np.cumsum(held) - held
    # Blocks follow each other in the order of chunks, so each column is filled in that order.
    for column, (_, counts, its_chunks, its_times) in zip(columns, parts, strict=True):
        inside = np.arange(len(its_chunks)) - np.repeat(np.cumsum(counts) - counts, counts)
        places = np.repeat(free[column], counts) + inside
        chunks[places] = its_chunks
        times[places] = its_times
        free[column] += counts
    return _Columns(terms, held, chunks, times)


def _scores(column: _Columns, lengths: Integers, mean: float) -> NDArray[np.float32]:
    """BM25 as Lucene has it, without its constant factor (Kamphuis and others 2020, "Which BM25 do
    you mean?"); as bm25s computes it, the rarity in single precision and the rest in double."""
    rarity = {
        held: math.log(1 + (len(lengths) - held + 0.5) / (held + 0.5))
        for held in np.unique(column.held).tolist()
    }
    rarities = np.array([rarity[held] for held in column.held.tolist()], dtype=np.float32)
    length = lengths[column.chunks]
    damping = BM25_K1 * ((1 - BM25_B) + BM25_B * length / mean)
    share = column.times.astype(np.float32) / (damping + column.times)
    return np.asarray(np.repeat(rarities, column.held) * share, dtype=np.float32)
