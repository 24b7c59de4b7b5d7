"""BM25 over the chunks of a bundle: precomputed scores in a sparse matrix, read by numpy alone.

``embed`` writes the matrix with bm25s; importing that library costs more than opening, so the
reader adds up its columns itself (docs/adr/0031-lexical-index.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inference.mapped_file import map_file

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
        import numpy as np

        total = np.zeros(self._chunks, dtype=np.float32)
        for word in dict.fromkeys(terms):
            column = self._column(word.encode())
            if column is not None:
                held = slice(int(self._starts[column]), int(self._starts[column + 1]))
                total[self._numbers[held]] += self._scores[held]
        return total

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
