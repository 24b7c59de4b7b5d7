"""The vectors that a bundle holds, by the texts they were made of."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from copilot.index_bundle.texts import IndexTexts
from embed.embedded import EmbeddedTexts, Wording
from inference.retrieval.dense_index import VECTORS, WINDOWS, open_vectors

Vectors = NDArray[np.float32]
Mask = NDArray[np.bool_]


class KnownVectors:
    """Finds vectors again. Of every text it holds a digest of 16 bytes and no more."""

    def __init__(self, bundle: Path, wording: Wording) -> None:
        """Read the texts of ``bundle``, which was verified, once."""
        wholes, windows = bytearray(), bytearray()
        texts = EmbeddedTexts(IndexTexts(bundle), wording)
        for number in range(len(texts)):
            wholes += _digests([texts.whole(number)])
            windows += _digests(texts.windows(number))
        self._chunks = len(texts)
        self._indexes = open_vectors(bundle / VECTORS), open_vectors(bundle / WINDOWS)
        digests = _halves(bytes(wholes + windows))
        self._rows = np.lexsort((digests[:, 1], digests[:, 0]))
        self._digests = digests[self._rows]

    def find(self, texts: Sequence[str]) -> tuple[Mask, Vectors]:
        """Which of ``texts`` are known, shape ``(texts,)``, and the vectors of those that are."""
        asked = _halves(_digests(texts))
        if not len(self._digests):
            return np.zeros(len(texts), dtype=np.bool_), np.empty((0, 0), dtype=np.float32)
        places = np.searchsorted(self._digests[:, 0], asked[:, 0], side="right") - 1
        known = (self._digests[places] == asked).all(axis=1)
        rows = self._rows[places[known]]
        chunks, windows = self._indexes
        found = np.empty((len(rows), chunks.d), dtype=np.float32)
        for index, mine, first in (
            (chunks, rows < self._chunks, 0),
            (windows, rows >= self._chunks, self._chunks),
        ):
            if mine.any():
                found[mine] = index.reconstruct_batch(rows[mine] - first)
        return known, found


def _digests(texts: Sequence[str]) -> bytes:
    return b"".join(hashlib.blake2b(t.encode(), digest_size=16).digest() for t in texts)


def _halves(digests: bytes) -> NDArray[np.uint64]:
    """Shape ``(texts, 2)``."""
    return np.frombuffer(digests, dtype=np.uint64).reshape(-1, 2)
