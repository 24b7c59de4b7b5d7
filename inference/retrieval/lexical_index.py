"""BM25 over the chunks of a bundle: precomputed scores in a sparse matrix, read by numpy alone.

``embed`` writes the matrix with bm25s; importing that library costs more than opening, so the
reader adds up its columns itself (docs/adr/0031-lexical-index.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from copilot.index_bundle.texts import map_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VOCABULARY = "vocabulary.txt"
VOCABULARY_OFFSETS = "vocabulary.offsets.npy"
COLUMN_STARTS = "column_starts.npy"
CHUNK_NUMBERS = "chunk_numbers.npy"
SCORES = "scores.npy"

_WORTH_A_LOOK = 8192
"""Chunks of a word from which on it pays to see whether it can be done without."""

_PROMISING = 2
"""How many times the wanted number of chunks are scored by all words to see what is needed."""

_SLACK = 1 - 1e-5
"""Sums in another order differ in their last digits."""


class LexicalIndex:
    """Scores every chunk against a question. Column ``t`` holds the chunks with word ``t``."""

    def __init__(self, folder: Path, *, chunks: int) -> None:
        """Map the files of ``folder``, an index over ``chunks`` chunks."""
        import numpy as np

        self._chunks = chunks
        self._vocabulary = map_file(folder / VOCABULARY)
        self._offsets = np.load(folder / VOCABULARY_OFFSETS, mmap_mode="r", allow_pickle=False)
        self._starts = np.load(folder / COLUMN_STARTS, mmap_mode="r", allow_pickle=False)
        # Plain views of the maps: numpy's own class for them costs a microsecond a slice.
        self._numbers = np.asarray(
            np.load(folder / CHUNK_NUMBERS, mmap_mode="r", allow_pickle=False)
        )
        self._scores = np.asarray(np.load(folder / SCORES, mmap_mode="r", allow_pickle=False))

    def scores(self, terms: Sequence[str]) -> NDArray[np.float32]:
        """Return the BM25 score of every chunk, shape ``(chunks,)``; 0 where no term occurs.

        ``terms`` are index terms of the question (``words.Analyser``); one asked twice counts once.
        """
        return self.scores_and_coverage(terms)[0]

    def scores_and_coverage(
        self, terms: Sequence[str]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return ``scores``, and which share of ``terms`` occurs in each chunk, 0..1.

        A term weighs its inverse document frequency as Lucene's BM25 has it, so that a rare word
        that is missing is missed most; one that occurs nowhere weighs most of all.
        """
        import numpy as np

        total = np.zeros(self._chunks, dtype=np.float32)
        found = np.zeros(self._chunks, dtype=np.float32)
        wanted = 0.0
        for word in dict.fromkeys(terms):
            column = self._column(word.encode())
            if column is None:
                wanted += self._rarity(0)
                continue
            held = slice(int(self._starts[column]), int(self._starts[column + 1]))
            chunks, rarity = self._numbers[held], self._rarity(held.stop - held.start)
            total[chunks] += self._scores[held]
            found[chunks] += np.float32(rarity)
            wanted += rarity
        return total, found / np.float32(wanted) if wanted else found

    def scores_and_coverage_of(
        self, terms: Sequence[str], chunks: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return ``scores_and_coverage`` of ``chunks`` alone, shape ``(len(chunks),)``."""
        import numpy as np

        # Of one type with what it is looked up in, which would be converted as a whole otherwise.
        sought = chunks.astype(self._numbers.dtype)
        total = np.zeros(len(chunks), dtype=np.float32)
        found = np.zeros(len(chunks), dtype=np.float32)
        wanted = 0.0
        for word in dict.fromkeys(terms):
            column = self._column(word.encode())
            if column is None:
                wanted += self._rarity(0)
                continue
            numbers, scores = self._held(column)
            rarity = self._rarity(len(numbers))
            wanted += rarity
            places = np.searchsorted(numbers, sought)
            places[places == len(numbers)] = 0
            held = numbers[places] == sought
            total[held] += scores[places[held]]
            found[held] += np.float32(rarity)
        return total, found / np.float32(wanted) if wanted else found

    def best(
        self, terms: Sequence[str], length: int, mask: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """Return the ``length`` chunks with the highest positive scores, sorted by number.

        ``mask`` says which may be found. Words are taken from the rarest on; once those that
        are left cannot lift a chunk into the best together, it is enough to look at the chunks that
        have been met (Turtle and Flood 1995, "Query evaluation: strategies and optimizations").
        """
        import numpy as np

        words = dict.fromkeys(terms)
        columns = [c for word in words if (c := self._column(word.encode())) is not None]
        held = sorted((self._held(column) for column in columns), key=lambda pair: len(pair[0]))
        left = [float(scores.max()) if len(scores) else 0.0 for _, scores in held]
        so_far = np.zeros(self._chunks, dtype=np.float32)
        met = np.empty(0, dtype=np.int64)
        for place, (numbers, scores) in enumerate(held, start=1):
            if mask is None:
                so_far[numbers] += scores
            else:
                seen = mask[numbers]
                so_far[numbers[seen]] += scores[seen]
            if place < len(held) and len(held[place][0]) < _WORTH_A_LOOK:
                continue
            met = np.flatnonzero(so_far > 0)
            reached = so_far[met]
            if len(met) > length:
                needed = self._needed(terms, met, reached, length)
                more = sum(left[place:])
                met = met[reached + more >= needed]
                if more < needed:
                    break
        exact = self.scores_and_coverage_of(terms, met)[0]
        return np.asarray(met[highest(exact, length)], dtype=np.int64)

    def _needed(
        self,
        terms: Sequence[str],
        met: NDArray[np.int64],
        reached: NDArray[np.float32],
        length: int,
    ) -> float:
        """A score that ``length`` chunks of ``met`` have: that of the most promising, which are
        those that have ``reached`` most by some of the terms, by all of them."""
        import numpy as np

        count = min(len(met), _PROMISING * length)
        promising = np.sort(met[np.argpartition(-reached, count - 1)[:count]])
        exact = self.scores_and_coverage_of(terms, promising)[0]
        return _SLACK * float(np.partition(exact, -length)[-length])

    def _held(self, column: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The chunks with a word, rising, and its score in each."""
        held = slice(int(self._starts[column]), int(self._starts[column + 1]))
        return self._numbers[held], self._scores[held]

    def _rarity(self, occurrences: int) -> float:
        return math.log(1 + (self._chunks - occurrences + 0.5) / (occurrences + 0.5))

    def _column(self, word: bytes) -> int | None:
        """Binary search in the sorted vocabulary: nothing has to be loaded for it."""
        low, high = 0, len(self._offsets) - 1
        while low < high:
            middle = (low + high) // 2
            found = self._vocabulary[self._offsets[middle] : self._offsets[middle + 1] - 1]
            if found == word:
                return middle
            if found < word:
                low = middle + 1
            else:
                high = middle
        return None


def highest(scores: NDArray[np.float32], length: int) -> NDArray[np.int64]:
    """The positions of the ``length`` highest positive scores, rising."""
    import numpy as np

    positive = np.flatnonzero(scores > 0)
    if positive.size > length:
        kept = np.argpartition(-scores[positive], length - 1)[:length]
        positive = np.sort(positive[kept])
    return np.asarray(positive, dtype=np.int64)
