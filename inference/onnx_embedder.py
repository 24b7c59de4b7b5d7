"""Text in, unit vectors out: an exported sentence-embedding model on ONNX Runtime. Never torch.

The model folder is written by ``python -m embed export-model``. Its weights are stored as float16
and widened to float32 while the session loads; every computation is float32 (see
docs/adr/0030-embedding-model.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from copilot.index_manifest import FileEntry, sha256_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Encoding

    Vector = NDArray[np.float32]

CONFIG_NAME = "embedding.json"
CONFIG_SCHEMA = 1
MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"

# Small batches of similar length waste the least on padding: 8 was best of 1..64 on one core.
_BATCH = 8


class EmbedderUnusable(Exception):
    """The model folder cannot serve. The message says what to run."""


class EmbeddingConfig(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How to run the exported model: ``embedding.json`` of the model folder.

    ``max_tokens`` counts the special tokens too; longer texts are cut there.
    """

    schema: int
    model_id: str
    source: str
    dimension: int
    max_tokens: int
    pooling: Literal["mean", "cls"]
    normalize: bool
    files: dict[str, FileEntry]


def read_config(model_dir: Path) -> EmbeddingConfig:
    """Read ``embedding.json`` and check that the files it names are there with their sizes.

    Raises:
        EmbedderUnusable: something is missing, truncated or of another schema.
    """
    advice = "Restore the folder from the repository, or export it again: make model"
    path = model_dir / CONFIG_NAME
    try:
        config = msgspec.json.decode(path.read_bytes(), type=EmbeddingConfig)
    except FileNotFoundError as error:
        raise EmbedderUnusable(
            f"No embedding model at {model_dir} ({CONFIG_NAME} is missing). {advice}"
        ) from error
    except msgspec.DecodeError as error:
        raise EmbedderUnusable(f"{path} is not readable ({error}). {advice}") from error
    if config.schema != CONFIG_SCHEMA:
        raise EmbedderUnusable(
            f"{path} has schema {config.schema}, this version reads {CONFIG_SCHEMA}. {advice}"
        )
    for name, entry in config.files.items():
        file = model_dir / name
        if not file.is_file():
            raise EmbedderUnusable(f"{file} is missing. {advice}")
        if (size := file.stat().st_size) != entry.bytes:
            raise EmbedderUnusable(
                f"{file} has {size} bytes, {CONFIG_NAME} promises {entry.bytes} "
                f"(a Git LFS pointer or a broken download?). {advice}"
            )
    return config


def verify_hashes(model_dir: Path) -> None:
    """Compare every file of the model folder with its SHA-256. Not on the serving path.

    Raises:
        EmbedderUnusable: a file differs from what ``embedding.json`` promises.
    """
    for name, entry in read_config(model_dir).files.items():
        if sha256_of(model_dir / name) != entry.sha256:
            raise EmbedderUnusable(
                f"{model_dir / name} differs from its recorded SHA-256. Export it again: make model"
            )


class OnnxEmbedder:
    """Implements ``ports.Embedder``. Loads once; ``embed`` may be called from several threads."""

    def __init__(self, model_dir: Path, *, threads: int = 1) -> None:
        """Load the model.

        ``threads`` is the number of intra-op threads of one forward pass: 1 for serving, where
        concurrent questions are the parallelism.

        Raises:
            EmbedderUnusable: the model folder is missing or damaged.
        """
        config = read_config(model_dir)
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.model_id = config.model_id
        self.dimension = config.dimension
        self._config = config
        self._tokenizer = Tokenizer.from_file(str(model_dir / TOKENIZER_FILE))
        self._tokenizer.enable_truncation(config.max_tokens)
        self._tokenizer.no_padding()
        try:
            self._session = onnxruntime.InferenceSession(
                str(model_dir / MODEL_FILE), options, providers=["CPUExecutionProvider"]
            )
        except onnxruntime.capi.onnxruntime_pybind11_state.InvalidProtobuf as error:
            raise EmbedderUnusable(
                f"{model_dir / MODEL_FILE} is not an ONNX model ({error}). "
                "Export it again: make model"
            ) from error
        self._inputs = frozenset(i.name for i in self._session.get_inputs())

    def embed(self, texts: Sequence[str]) -> Vector:
        """Return an array of shape ``(len(texts), dimension)``, one unit vector per text."""
        import numpy as np

        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        if not texts:
            return vectors
        encodings = self._tokenizer.encode_batch(list(texts))
        order = sorted(range(len(texts)), key=lambda i: len(encodings[i].ids))
        for first in range(0, len(order), _BATCH):
            rows = order[first : first + _BATCH]
            vectors[rows] = self._forward([encodings[i] for i in rows])
        return vectors

    def _forward(self, batch: list[Encoding]) -> Vector:
        import numpy as np

        shape = (len(batch), max(len(e.ids) for e in batch))
        ids = np.zeros(shape, dtype=np.int64)
        mask = np.zeros(shape, dtype=np.int64)
        for row, encoding in enumerate(batch):
            ids[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = self._session.run(None, {k: v for k, v in feed.items() if k in self._inputs})[0]
        if self._config.pooling == "cls":
            pooled = states[:, 0]
        else:
            weight = mask[:, :, None].astype(np.float32)
            pooled = (states * weight).sum(axis=1) / weight.sum(axis=1)
        if self._config.normalize:
            pooled = pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)
        return np.asarray(pooled, dtype=np.float32)
