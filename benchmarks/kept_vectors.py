"""Embeddings kept between the runs of a benchmark, since a text's vector never changes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.encoders.onnx_embedder import OnnxEmbedder

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "inference" / "model"
_WINDOW = 64

Vectors = NDArray[np.float32]


class KeptVectors:
    """An ``Embedder`` that remembers; with ``file`` (``.npz``) beyond the process, by ``save``."""

    def __init__(self, file: Path | None = None, model: Path = MODEL) -> None:
        self.fresh = OnnxEmbedder(model)
        self.model_id = self.fresh.model_id
        self.dimension = self.fresh.dimension
        self._file = file
        self._rows: dict[str, Vectors] = {}
        if file is not None and file.is_file():
            with np.load(file, allow_pickle=False) as held:
                if str(held["model_id"]) == self.model_id:
                    self._rows = dict(zip(held["keys"].tolist(), held["vectors"], strict=True))

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, shape ``(len(texts), dimension)``; on all cores where many miss."""
        keys = [hashlib.sha256(text.encode()).hexdigest()[:24] for text in texts]
        missing = {
            key: text for key, text in zip(keys, texts, strict=True) if key not in self._rows
        }
        by_length = sorted(missing, key=lambda key: len(missing[key]))
        windows = [by_length[i : i + _WINDOW] for i in range(0, len(by_length), _WINDOW)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            batches = pool.map(lambda w: self.fresh.embed([missing[key] for key in w]), windows)
            for window, batch in zip(windows, batches, strict=True):
                self._rows.update(zip(window, batch, strict=True))
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return np.stack([self._rows[key] for key in keys])

    def save(self) -> None:
        """Write the file, if there is one."""
        if self._file is not None and self._rows:
            np.savez(
                self._file,
                model_id=self.model_id,
                keys=list(self._rows),
                vectors=np.stack(list(self._rows.values())),
            )
