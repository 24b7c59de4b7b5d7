"""A folder with an exported ONNX model: its promise, its verification, its session and its batches.

Shared by the embedder and the cross-encoder, which differ in what goes in and what comes out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

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

BATCH_TOKENS = 256
"""Tokens of one forward pass of several texts. A long text goes alone: what one pass computes then
fits the caches of one core, and nothing is padded. Short ones share the cost of a pass."""


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


Config = TypeVar("Config", bound=ModelConfig)


class ModelKind(Struct, Generic[Config], frozen=True, kw_only=True):
    """One kind of model: its name in messages, its configuration, and which error tells of it."""

    name: str
    config_name: str
    config: type[Config]
    advice: str
    unusable: type[ModelUnusable]

    def read(self, model_dir: Path) -> Config:
        """Read the configuration and check that the files it names are there with their sizes.

        Raises:
            ModelUnusable: (as ``unusable``) something is missing, truncated or of another schema.
        """
        path = model_dir / self.config_name
        try:
            config = msgspec.json.decode(path.read_bytes(), type=self.config)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise self._because(
                f"No {self.name} at {model_dir} ({self.config_name} is missing)."
            ) from error
        except msgspec.DecodeError as error:
            raise self._because(f"{path} is not readable ({error}).") from error
        if config.schema != CONFIG_SCHEMA:
            raise self._because(
                f"{path} has schema {config.schema}, this version reads {CONFIG_SCHEMA}."
            )
        for name in {MODEL_FILE, TOKENIZER_FILE, *config.files}:
            self._check_size(model_dir / name, config.files.get(name))
        return config

    def verify(self, model_dir: Path) -> None:
        """Compare every file of the folder with its SHA-256. Not on the serving path.

        Raises:
            ModelUnusable: (as ``unusable``) a file differs from what the configuration promises.
        """
        for name, entry in self.read(model_dir).files.items():
            if sha256_of(model_dir / name) != entry.sha256:
                raise self._because(f"{model_dir / name} differs from its recorded SHA-256.")

    def open_session(self, model_dir: Path, threads: int) -> Any:
        """Open the graph for ``threads`` intra-op threads of one forward pass.

        Raises:
            ModelUnusable: (as ``unusable``) it is not an ONNX model.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        file = model_dir / MODEL_FILE
        try:
            return onnxruntime.InferenceSession(
                str(file), options, providers=["CPUExecutionProvider"]
            )
        except onnxruntime.capi.onnxruntime_pybind11_state.InvalidProtobuf as error:
            raise self._because(f"{file} is not an ONNX model ({error}).") from error

    def _check_size(self, file: Path, entry: FileEntry | None) -> None:
        if entry is None:
            raise self._because(f"{file.parent / self.config_name} promises no {file.name}.")
        if not file.is_file():
            raise self._because(f"{file} is missing.")
        if (size := file.stat().st_size) != entry.bytes:
            raise self._because(
                f"{file} has {size} bytes, {self.config_name} promises {entry.bytes} "
                "(a Git LFS pointer or a broken download?)."
            )

    def _because(self, reason: str) -> ModelUnusable:
        return self.unusable(f"{reason} {self.advice}")


def open_tokenizer(model_dir: Path, max_tokens: int) -> Any:
    """Open the tokenizer, set to cut at ``max_tokens``: of a pair, always the longer text."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model_dir / TOKENIZER_FILE))
    tokenizer.enable_truncation(max_tokens, strategy="longest_first")
    tokenizer.no_padding()
    return tokenizer


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


def by_length(encodings: Sequence[Encoding], tokens: int = BATCH_TOKENS) -> list[list[int]]:
    """The numbers of ``encodings`` in batches of similar length, the longest first.

    A batch of several has at most ``tokens`` tokens, padding included.
    """
    order = sorted(range(len(encodings)), key=lambda i: -len(encodings[i].ids))
    batches: list[list[int]] = []
    for number in order:
        if batches and (len(batches[-1]) + 1) * len(encodings[batches[-1][0]].ids) <= tokens:
            batches[-1].append(number)
        else:
            batches.append([number])
    return batches
