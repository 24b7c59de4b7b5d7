"""The embedding model in int8, for documents: made from the model folder once, kept outside of it.

Weights are stored in int8 with a scale for each output channel; activations are quantised while a
text is read, with one scale for each matrix (ONNX Runtime's dynamic quantisation). Questions stay
in fp32: an index says which precision its vectors have, and every reader of it embeds as before.
Why, and at which cost: docs/adr/0030-embedding-model.md.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import msgspec
import onnxruntime

from copilot.index_bundle.manifest import in_precision
from embed.errors import EmbedError
from embed.export_model import entries, write_config
from inference.encoders.onnx_embedder import (
    CONFIG_NAME,
    EMBEDDING_MODEL,
    EmbedderUnusable,
    OnnxEmbedder,
)
from inference.encoders.onnx_model import MODEL_FILE, TOKENIZER_FILE

Precision = Literal["fp32", "int8"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "int8")

_FLOAT = 1
"""``TensorProto.FLOAT``: what the fused operators give, of which shape inference knows nothing."""


class QuantizerMissing(EmbedError):
    """The package that rewrites a model's graph is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "--precision int8 needs the onnx package. Run: pip install 'energycopilot[int8]', or "
            "leave --precision out."
        )


class Int8Embedder(OnnxEmbedder):
    """Implements ``ports.Embedder`` for documents. Its ``model_id`` names the precision.

    One text at a time: the scale of activations is that of everything in a pass, so that a text's
    vector would depend on what stands beside it.
    """

    def __init__(self, model_dir: Path, cache: Path) -> None:
        """Load the int8 model of ``model_dir`` from ``cache``, after making it if need be.

        Raises:
            EmbedderUnusable: the model folder is missing or damaged.
            QuantizerMissing: the int8 model has to be made, and cannot be.
        """
        super().__init__(quantized(model_dir, cache), batch_tokens=0)
        self._quantized_from = (model_dir, cache)

    def __reduce__(self) -> tuple[Callable[..., OnnxEmbedder], tuple[Any, ...]]:
        """Crosses to another process, or machine, by making or loading the model there."""
        return Int8Embedder, self._quantized_from


def open_embedder(model_dir: Path, precision: str) -> OnnxEmbedder:
    """The embedder of documents in ``precision``, one of ``PRECISIONS``.

    Raises:
        EmbedderUnusable: the model folder is missing or damaged.
        QuantizerMissing: int8 is asked for, and the package for it is not installed.
    """
    return (
        Int8Embedder(model_dir, cache_folder()) if precision == "int8" else OnnxEmbedder(model_dir)
    )


def cache_folder() -> Path:
    """Where derived models are kept: below ``XDG_CACHE_HOME``, by default ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "energycopilot" / "models"


def quantized(model_dir: Path, cache: Path) -> Path:
    """The folder of the int8 model of ``model_dir`` in ``cache``; made if it is not there.

    Other weights and other versions of ONNX Runtime have folders of their own.

    Raises:
        EmbedderUnusable: the model folder is missing or damaged.
        QuantizerMissing: the package that makes it is not installed.
    """
    config = EMBEDDING_MODEL.read(model_dir)
    out = cache / f"{config.model_id}-int8-ort{onnxruntime.__version__}"
    if _is_whole(out):
        return out
    if find_spec("onnx") is None:
        raise QuantizerMissing
    EMBEDDING_MODEL.verify(model_dir)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        made = Path(scratch) / "model"
        made.mkdir()
        _quantize(model_dir / MODEL_FILE, made / MODEL_FILE, Path(scratch))
        shutil.copyfile(model_dir / TOKENIZER_FILE, made / TOKENIZER_FILE)
        own = msgspec.structs.replace(
            config, model_id=in_precision(config.model_id, "int8"), files=entries(made)
        )
        write_config(made / CONFIG_NAME, own)
        shutil.rmtree(out, ignore_errors=True)
        # Another build may have made it meanwhile; then that one is as good.
        with contextlib.suppress(OSError):
            made.rename(out)
    EMBEDDING_MODEL.verify(out)
    return out


def _is_whole(folder: Path) -> bool:
    try:
        EMBEDDING_MODEL.verify(folder)
    except EmbedderUnusable:
        return False
    return True


def _quantize(source: Path, out: Path, scratch: Path) -> None:
    """Quantise the matrices with weights, those of attention too; look-ups and norms stay as they
    are.

    Weights get seven bits, not eight (``reduce_range``): without VNNI a processor adds two products
    of eight-bit numbers in sixteen bits, which overflow (ONNX Runtime, "Quantize ONNX models").
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.quant_utils import add_pre_process_metadata

    widened = scratch / "fp32.onnx"
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(widened)
    options.log_severity_level = 3
    # Weights stored as float16 are widened by constant folding, which is all that is wanted here.
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
    model = onnx.load(widened)
    add_pre_process_metadata(model)
    quantize_dynamic(
        model,
        out,
        op_types_to_quantize=["MatMul", "Attention"],
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": _FLOAT},
    )
