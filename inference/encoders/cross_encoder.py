"""Question and passage in, relevance out: an exported cross-encoder on ONNX Runtime. Never torch.

A cross-encoder reads both texts together, which tells more than two vectors do and costs a forward
pass per passage. The folder is written by ``python -m embed export-model --cross-encoder``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inference.encoders.onnx_model import (
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

    Vector = NDArray[np.float32]

CONFIG_NAME = "cross_encoder.json"


class RerankerUnusable(ModelUnusable):
    """The cross-encoder's folder cannot serve. The message says what to run."""


class CrossEncoderConfig(ModelConfig, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How to run the exported model: ``cross_encoder.json`` of its folder."""


CROSS_ENCODER = ModelKind(
    name="cross-encoder",
    config_name=CONFIG_NAME,
    config=CrossEncoderConfig,
    advice="Export one: python -m embed export-model SOURCE --cross-encoder --out FOLDER; or leave "
    "RERANKER_DIR empty to do without.",
    unusable=RerankerUnusable,
)


class OnnxCrossEncoder:
    """Implements ``ports.PairScorer``. Loads once; may be called from several threads."""

    def __init__(self, model_dir: Path, *, threads: int = 1) -> None:
        """Load the model; ``threads`` is the number of intra-op threads of one forward pass.

        Raises:
            RerankerUnusable: the folder is missing or damaged, or the model does not give one
                score per pair.
        """
        config = CROSS_ENCODER.read(model_dir)
        self.model_id = config.model_id
        self._tokenizer = open_tokenizer(model_dir, config.max_tokens)
        self._session = CROSS_ENCODER.open_session(model_dir, threads)
        self._inputs = frozenset(i.name for i in self._session.get_inputs())
        shape = self._session.get_outputs()[0].shape
        if len(shape) > 2 or (len(shape) == 2 and isinstance(shape[1], int) and shape[1] != 1):
            raise RerankerUnusable(
                f"The model at {model_dir} gives {shape} per batch, not one score per pair: it is "
                f"no cross-encoder for ranking. {CROSS_ENCODER.advice}"
            )

    def scores(self, question: str, texts: Sequence[str]) -> Vector:
        """Return how well each text answers, shape ``(len(texts),)``, in 0..1.

        The logit's sigmoid, which keeps its order. What exceeds the model's length is cut from the
        longer of the two.
        """
        import numpy as np

        logits = np.empty(len(texts), dtype=np.float32)
        pairs = [(question, text) for text in texts]
        encodings = self._tokenizer.encode_batch(pairs) if pairs else []
        for rows in by_length(encodings):
            feed = padded([encodings[i] for i in rows])
            inputs = {name: given for name, given in feed.items() if name in self._inputs}
            logits[rows] = self._session.run(None, inputs)[0].reshape(len(rows))
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -80.0, 80.0))), dtype=np.float32)
