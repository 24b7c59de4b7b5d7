"""Text in, unit vectors out: an exported sentence-embedding model on ONNX Runtime. Never torch.

The model folder is written by ``python -m embed export-model``. Its weights are stored as float16
and widened to float32 while the session loads; every computation is float32 (see
docs/adr/0030-embedding-model.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from inference.encoders.onnx_model import (
    BATCH_TOKENS,
    ModelConfig,
    ModelKind,
    ModelUnusable,
    by_length,
    open_tokenizer,
    padded,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Encoding

    Vector = NDArray[np.float32]

CONFIG_NAME = "embedding.json"


class EmbedderUnusable(ModelUnusable):
    """The model folder cannot serve. The message says what to run."""


class EmbeddingConfig(ModelConfig, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How to run the exported model: ``embedding.json`` of the model folder."""

    dimension: int
    pooling: Literal["mean", "cls"]
    normalize: bool


EMBEDDING_MODEL = ModelKind(
    name="embedding model",
    config_name=CONFIG_NAME,
    config=EmbeddingConfig,
    advice="Restore the folder from the repository, or export it again: make model",
    unusable=EmbedderUnusable,
)


class OnnxEmbedder:
    """Implements ``ports.Embedder``. Loads once; ``embed`` may be called from several threads."""

    def __init__(
        self, model_dir: Path, *, threads: int = 1, batch_tokens: int = BATCH_TOKENS
    ) -> None:
        """Load the model.

        ``threads`` is the number of intra-op threads of one forward pass: 1 for serving, where
        concurrent questions are the parallelism. One pass of several texts has at most
        ``batch_tokens`` tokens; with 0 every text has a pass of its own.

        Raises:
            EmbedderUnusable: the model folder is missing or damaged.
        """
        config = EMBEDDING_MODEL.read(model_dir)
        self.model_id = config.model_id
        self.dimension = config.dimension
        self._config = config
        self._tokenizer = open_tokenizer(model_dir, config.max_tokens)
        self._session = EMBEDDING_MODEL.open_session(model_dir, threads)
        self._inputs = frozenset(i.name for i in self._session.get_inputs())
        self._batch_tokens = batch_tokens
        self._made_with = (model_dir, threads)

    def __reduce__(self) -> tuple[Callable[..., OnnxEmbedder], tuple[Any, ...]]:
        """Crosses to another process by loading the model there."""
        return _load, self._made_with

    def embed(self, texts: Sequence[str]) -> Vector:
        """Return an array of shape ``(len(texts), dimension)``, one unit vector per text."""
        import numpy as np

        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        encodings = self._tokenizer.encode_batch(list(texts)) if texts else []
        for rows in by_length(encodings, self._batch_tokens):
            vectors[rows] = self._forward([encodings[i] for i in rows])
        return vectors

    def _forward(self, batch: list[Encoding]) -> Vector:
        import numpy as np

        feed = padded(batch)
        mask = feed["attention_mask"]
        states = self._session.run(None, {k: v for k, v in feed.items() if k in self._inputs})[0]
        if self._config.pooling == "cls":
            pooled = states[:, 0]
        else:
            weight = mask[:, :, None].astype(np.float32)
            pooled = (states * weight).sum(axis=1) / weight.sum(axis=1)
        if self._config.normalize:
            pooled = pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)
        return np.asarray(pooled, dtype=np.float32)


def _load(model_dir: Path, threads: int) -> OnnxEmbedder:
    return OnnxEmbedder(model_dir, threads=threads)
