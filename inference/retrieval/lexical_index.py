"""BM25 over the chunks of a bundle: precomputed scores in a sparse matrix, read by numpy alone.

``embed`` writes the matrix with bm25s; importing that library costs more than opening, so the
reader adds up its columns itself (docs/adr/0031-lexical-index.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from copilot.index_texts import map_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VOCABULARY = "vocabulary.txt"
VOCABULARY_OFFSETS = "vocabulary.offsets.npy"
COLUMN_STARTS = "column_starts.npy"
CHUNK_NUMBERS = "chunk_numbers.npy"
SCORES = "scores.npy"


class LexicalIndex:
    """Scores every chunk against a question. Column ``t`` holds the chunks with word ``t``."""

    def __init__(self, folder: Path, *, chunks: int) -> None:
        """Map the files of ``folder``, an index over ``chunks`` chunks."""
        import numpy as np

        self._chunks = chunks
        self._vocabulary = map_file(folder / VOCABULARY)
        self._offsets = np.load(folder / VOCABULARY_OFFSETS, mmap_mode="r", allow_pickle=False)
        self._starts = np.load(folder / COLUMN_STARTS, mmap_mode="r", allow_pickle=False)
        self._numbers = np.load(folder / CHUNK_NUMBERS, mmap_mode="r", allow_pickle=False)
        self._scores = np.load(folder / SCORES, mmap_mode="r", allow_pickle=False)

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
