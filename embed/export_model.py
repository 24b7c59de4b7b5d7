"""Write ``inference/model/`` from a sentence-transformers model folder, and prove that it agrees.

The graph comes from sentence-transformers' own ONNX export. Needs torch, sentence-transformers and
optimum (``make model`` installs them into an environment of their own); nothing else here does.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct

from copilot.index_bundle.manifest import FileEntry, sha256_of
from embed.errors import ModelExportFailed
from inference.encoders.onnx_embedder import CONFIG_NAME, EmbeddingConfig, OnnxEmbedder
from inference.encoders.onnx_model import CONFIG_SCHEMA, MODEL_FILE, TOKENIZER_FILE, ModelConfig

if TYPE_CHECKING:
    from onnx import ModelProto

Weights = Literal["fp16-stored", "fp32", "int8"]

GOLDEN_TEXTS = Path(__file__).with_name("golden_texts.json")
GOLDEN_VECTORS = "golden.npy"
GOLDEN_COPY = "golden_texts.json"
PROVENANCE_NAME = "provenance.json"
PARITY = 0.999
_APACHE = Path(__file__).with_name("apache-2.0.txt")
_TOOLS = ("torch", "transformers", "sentence-transformers", "optimum-onnx", "onnx", "onnxruntime")


class Origin(Struct, kw_only=True, frozen=True):
    """Where a model folder comes from, as ``provenance.json`` records it."""

    name: str
    url: str
    package: str
    licence: str


def export_model(
    source: Path,
    out: Path,
    *,
    origin: Origin,
    weights: Weights,
    licence_file: Path | None = None,
) -> float:
    """Export ``source`` into ``out`` and return the lowest cosine with sentence-transformers.

    ``out`` is replaced as a whole, and only after the check passed.

    Raises:
        ModelExportFailed: no such folder, no licence text, an unknown pooling, or vectors that
            disagree (int8 is exempt from the bound: its loss is what one wants to measure).
    """
    require_licence(origin, licence_file)
    if not (source / "modules.json").is_file():
        raise ModelExportFailed(
            f"{source} is not a sentence-transformers model folder (modules.json is missing)."
        )
    with tempfile.TemporaryDirectory() as scratch:
        staged = Path(scratch) / "model"
        staged.mkdir()
        graph, reference = _library_export(source, Path(scratch))
        write_graph(graph, staged / MODEL_FILE, source, weights)
        write_tokenizer(Path(scratch) / "exported" / "tokenizer.json", staged)
        _write_config(staged, reference, origin)
        lowest = _write_golden(staged, reference)
        if weights != "int8" and lowest < PARITY:
            raise ModelExportFailed(
                f"The exported model disagrees with sentence-transformers: cosine {lowest:.5f}, "
                f"at least {PARITY} is required. Nothing was written."
            )
        parity = {"lowest_cosine": round(lowest, 6), "texts": GOLDEN_COPY}
        write_provenance(staged, source, origin, weights, parity)
        publish(staged, out, licence_file)
    return lowest


def require_licence(origin: Origin, licence_file: Path | None) -> None:
    """Check that the licence's text is at hand: that of Apache-2.0 is.

    Raises:
        ModelExportFailed: it has to be given.
    """
    if licence_file is None and origin.licence != "Apache-2.0":
        raise ModelExportFailed(f"Give the text of {origin.licence} with --licence-file.")


def publish(staged: Path, out: Path, licence_file: Path | None) -> None:
    """Add the licence and put the finished folder in the place of ``out``."""
    shutil.copyfile(licence_file or _APACHE, staged / "LICENSE")
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(staged, out)


def _library_export(source: Path, scratch: Path) -> tuple[ModelProto, Any]:
    """Return the exported graph and the torch model it must agree with."""
    import onnx
    from sentence_transformers import SentenceTransformer

    # The export stores its graph beside the source; a copy keeps the source as it was.
    copy = scratch / "source"
    shutil.copytree(source, copy)
    SentenceTransformer(
        str(copy),
        backend="onnx",
        model_kwargs={"export": True, "provider": "CPUExecutionProvider"},
        local_files_only=True,
    ).save_pretrained(str(scratch / "exported"))
    reference = SentenceTransformer(str(source), device="cpu", local_files_only=True)
    return onnx.load(str(scratch / "exported" / "onnx" / "model.onnx")), reference


def write_graph(graph: ModelProto, path: Path, source: Path, weights: Weights) -> None:
    """Write the fused graph with its weights stored as asked."""
    import onnx

    onnx.save(graph, str(path))
    if weights == "int8":
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantize_dynamic(str(path), str(path), weight_type=QuantType.QInt8, per_channel=True)
        return
    graph = _fuse(path, json.loads((source / "config.json").read_text("utf-8")))
    if weights == "fp16-stored":
        from embed.half_weights import store_as_half

        graph = store_as_half(graph)
    onnx.save(graph, str(path))


def _fuse(path: Path, config: dict[str, Any]) -> ModelProto:
    """Fuse attention, layer norms and GELU once, offline, so that no session has to.

    The embedding layer norm is left apart: fused, it would need the whole table as float32.
    """
    import onnx
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    if config.get("model_type") != "bert":
        return onnx.load(str(path))
    options = FusionOptions("bert")
    options.enable_embed_layer_norm = False
    fused = optimizer.optimize_model(
        str(path),
        model_type="bert",
        num_heads=config["num_attention_heads"],
        hidden_size=config["hidden_size"],
        optimization_options=options,
        opt_level=0,
    )
    model: ModelProto = fused.model
    return model


def write_tokenizer(source: Path, staged: Path) -> None:
    """Write the tokenizer without its own cutting and padding: the reader sets both."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(source))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(str(staged / TOKENIZER_FILE), pretty=False)


def _write_config(staged: Path, reference: Any, origin: Origin) -> None:
    modules = {type(module).__name__: module for module in reference}
    pooling = modules["Pooling"].get_config_dict().get("pooling_mode")
    if pooling not in ("mean", "cls"):
        raise ModelExportFailed(f"Pooling {pooling!r} is not supported; mean and cls are.")
    files = entries(staged)
    config = EmbeddingConfig(
        schema=CONFIG_SCHEMA,
        model_id=model_id_of(origin, files),
        source=origin.name,
        dimension=int(reference.get_embedding_dimension()),
        max_tokens=int(reference.max_seq_length),
        pooling=pooling,
        normalize="Normalize" in modules,
        files=files,
    )
    write_config(staged / CONFIG_NAME, config)


def entries(staged: Path) -> dict[str, FileEntry]:
    """Size and hash of the graph and the tokenizer of ``staged``."""
    return {
        name: FileEntry(bytes=(staged / name).stat().st_size, sha256=sha256_of(staged / name))
        for name in (MODEL_FILE, TOKENIZER_FILE)
    }


def model_id_of(origin: Origin, files: dict[str, FileEntry]) -> str:
    """The model's name and a hash over ``files``: other weights, another id."""
    weights = hashlib.sha256("".join(f.sha256 for f in files.values()).encode()).hexdigest()
    return f"{origin.name.rpartition('/')[2]}@{weights[:12]}"


def write_config(path: Path, config: ModelConfig) -> None:
    """Write a configuration as JSON that can be read by people."""
    raw = msgspec.json.format(msgspec.json.encode(config), indent=2)
    path.write_bytes(raw + b"\n")


def _write_golden(staged: Path, reference: Any) -> float:
    """Keep sentence-transformers' vectors beside the model; return the lowest cosine with ours."""
    import numpy as np

    texts: Sequence[str] = json.loads(GOLDEN_TEXTS.read_text("utf-8"))
    expected = reference.encode(list(texts), batch_size=1, normalize_embeddings=True)
    np.save(staged / GOLDEN_VECTORS, np.asarray(expected, dtype=np.float32), allow_pickle=False)
    shutil.copyfile(GOLDEN_TEXTS, staged / GOLDEN_COPY)
    got = OnnxEmbedder(staged).embed(texts)
    return float((got * expected).sum(axis=1).min())


def write_provenance(
    staged: Path, source: Path, origin: Origin, weights: Weights, parity: dict[str, Any]
) -> None:
    """Record where the folder comes from, by hash, and how well it agrees with the original."""
    record = {
        "source": msgspec.to_builtins(origin),
        "source_files": {
            str(path.relative_to(source)): sha256_of(path)
            for path in sorted(source.rglob("*"))
            if path.is_file() and path.suffix in {".json", ".safetensors", ".txt"}
        },
        "weights": weights,
        "tools": {name: version(name) for name in _TOOLS},
        "parity": parity,
        "files": {
            path.name: sha256_of(path) for path in sorted(staged.iterdir()) if path.is_file()
        },
    }
    (staged / PROVENANCE_NAME).write_text(json.dumps(record, indent=2) + "\n", "utf-8")
