"""A folder with an exported ONNX model: its promise, its verification, its session and its batches.

Shared by the embedder and the cross-encoder, which differ in what goes in and what comes out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct

from copilot.index_bundle.manifest import FileEntry, sha256_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Encoding

    Inputs = dict[str, NDArray[np.int64]]

CONFIG_SCHEMA = 1
MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"

# Small batches of similar length waste the least on padding: 8 was best of 1..64 on one core.
BATCH = 8


class ModelUnusable(Exception):
    """A model folder cannot serve. The message says what to run."""


class ModelConfig(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What the configuration file of every exported model says.

    ``max_tokens`` counts the special tokens too; longer input is cut there.
    """

    schema: int
    model_id: str
    source: str
    max_tokens: int
    files: dict[str, FileEntry]


class ModelKind(Struct, frozen=True):
    """How one kind of model is named in messages, and which error tells of it."""

    name: str
    config_name: str
    advice: str
    unusable: type[ModelUnusable]


Config = TypeVar("Config", bound=ModelConfig)


def read_model_config(model_dir: Path, kind: ModelKind, config_type: type[Config]) -> Config:
    """Read the configuration and check that the files it names are there with their sizes.

    Raises:
        ModelUnusable: (as ``kind`` has it) something is missing, truncated or of another schema.
    """
    path = model_dir / kind.config_name
    try:
        config = msgspec.json.decode(path.read_bytes(), type=config_type)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise kind.unusable(
            f"No {kind.name} at {model_dir} ({kind.config_name} is missing). {kind.advice}"
        ) from error
    except msgspec.DecodeError as error:
        raise kind.unusable(f"{path} is not readable ({error}). {kind.advice}") from error
    if config.schema != CONFIG_SCHEMA:
        raise kind.unusable(
            f"{path} has schema {config.schema}, this version reads {CONFIG_SCHEMA}. {kind.advice}"
        )
    for name in {MODEL_FILE, TOKENIZER_FILE, *config.files}:
        file = model_dir / name
        entry = config.files.get(name)
        if entry is None:
            raise kind.unusable(f"{path} promises no {name}. {kind.advice}")
        if not file.is_file():
            raise kind.unusable(f"{file} is missing. {kind.advice}")
        if (size := file.stat().st_size) != entry.bytes:
            raise kind.unusable(
                f"{file} has {size} bytes, {kind.config_name} promises {entry.bytes} "
                f"(a Git LFS pointer or a broken download?). {kind.advice}"
            )
    return config


def verify_model_hashes(model_dir: Path, kind: ModelKind, config: ModelConfig) -> None:
    """Compare every file of the model folder with its SHA-256. Not on the serving path.

    Raises:
        ModelUnusable: a file differs from what the configuration promises.
    """
    for name, entry in config.files.items():
        if sha256_of(model_dir / name) != entry.sha256:
            raise kind.unusable(
                f"{model_dir / name} differs from its recorded SHA-256. {kind.advice}"
            )


def open_tokenizer(model_dir: Path, max_tokens: int) -> Any:
    """Open the tokenizer, set to cut at ``max_tokens``: of a pair, always the longer text."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model_dir / TOKENIZER_FILE))
    tokenizer.enable_truncation(max_tokens, strategy="longest_first")
    tokenizer.no_padding()
    return tokenizer


def open_session(model_dir: Path, kind: ModelKind, threads: int) -> Any:
    """Open the graph for ``threads`` intra-op threads of one forward pass.

    Raises:
        ModelUnusable: it is not an ONNX model.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            str(model_dir / MODEL_FILE), options, providers=["CPUExecutionProvider"]
        )
    except onnxruntime.capi.onnxruntime_pybind11_state.InvalidProtobuf as error:
        raise kind.unusable(
            f"{model_dir / MODEL_FILE} is not an ONNX model ({error}). {kind.advice}"
        ) from error


def padded(batch: Sequence[Encoding]) -> Inputs:
    """The inputs of a BERT-like model, each of shape ``(len(batch), longest)``, padded with 0."""
    import numpy as np

    shape = (len(batch), max(len(e.ids) for e in batch))
    ids, mask, types = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    for row, encoding in enumerate(batch):
        length = len(encoding.ids)
        ids[row, :length] = encoding.ids
        mask[row, :length] = 1
        types[row, :length] = encoding.type_ids
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


def by_length(encodings: Sequence[Encoding]) -> list[list[int]]:
    """The numbers of ``encodings`` in batches of similar length."""
    order = sorted(range(len(encodings)), key=lambda i: len(encodings[i].ids))
    return [order[first : first + BATCH] for first in range(0, len(order), BATCH)]
