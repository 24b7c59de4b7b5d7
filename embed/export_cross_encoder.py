"""Write a reranker's folder from a sentence-transformers cross-encoder, and prove that it agrees.

Runs where ``export_model`` runs: in the environment that has torch.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embed.errors import ModelExportFailed
from embed.export_model import (
    GOLDEN_TEXTS,
    Origin,
    Weights,
    entries,
    model_id_of,
    publish,
    require_licence,
    write_config,
    write_graph,
    write_provenance,
    write_tokenizer,
)
from inference.encoders.cross_encoder import CONFIG_NAME, CrossEncoderConfig, OnnxCrossEncoder
from inference.encoders.onnx_model import CONFIG_SCHEMA, MODEL_FILE

if TYPE_CHECKING:
    from onnx import ModelProto

GOLDEN_SCORES = "golden_scores.json"
TOLERANCE = 0.01
_LONGEST = 512


def export_cross_encoder(
    source: Path,
    out: Path,
    *,
    origin: Origin,
    weights: Weights,
    licence_file: Path | None = None,
) -> float:
    """Export ``source`` into ``out``; return the largest difference of a score in 0..1 from torch.

    ``out`` is replaced as a whole, and only after the check passed.

    Raises:
        ModelExportFailed: no such folder, no licence text, not one score per pair, or scores that
            disagree (int8 is exempt from the bound).
    """
    require_licence(origin, licence_file)
    if not (source / "config.json").is_file():
        raise ModelExportFailed(f"{source} is not a cross-encoder (config.json is missing).")
    with tempfile.TemporaryDirectory() as scratch:
        staged = Path(scratch) / "model"
        staged.mkdir()
        graph, reference = _library_export(source, Path(scratch))
        write_graph(graph, staged / MODEL_FILE, source, weights)
        write_tokenizer(Path(scratch) / "exported" / "tokenizer.json", staged)
        files = entries(staged)
        config = CrossEncoderConfig(
            schema=CONFIG_SCHEMA,
            model_id=model_id_of(origin, files),
            source=origin.name,
            max_tokens=min(reference.tokenizer.model_max_length, _LONGEST),
            files=files,
        )
        write_config(staged / CONFIG_NAME, config)
        largest = _write_golden(staged, reference)
        if weights != "int8" and largest > TOLERANCE:
            raise ModelExportFailed(
                f"The exported model disagrees with sentence-transformers: a score differs by "
                f"{largest:.5f}, at most {TOLERANCE} is allowed. Nothing was written."
            )
        parity = {"largest_difference": round(largest, 6), "scores": GOLDEN_SCORES}
        write_provenance(staged, source, origin, weights, parity)
        publish(staged, out, licence_file)
    return largest


def _library_export(source: Path, scratch: Path) -> tuple[ModelProto, Any]:
    """Return the exported graph and the torch model it must agree with."""
    import onnx
    from sentence_transformers import CrossEncoder

    reference = CrossEncoder(str(source), device="cpu", local_files_only=True)
    if reference.num_labels != 1:
        raise ModelExportFailed(
            f"{source} gives {reference.num_labels} values per pair: a classifier, not a "
            "cross-encoder for ranking."
        )
    # The export stores its graph beside the source; a copy keeps the source as it was.
    copy = scratch / "source"
    shutil.copytree(source, copy)
    CrossEncoder(
        str(copy),
        backend="onnx",
        model_kwargs={"export": True, "provider": "CPUExecutionProvider"},
        local_files_only=True,
    ).save_pretrained(str(scratch / "exported"))
    return onnx.load(str(scratch / "exported" / "onnx" / "model.onnx")), reference


def _write_golden(staged: Path, reference: Any) -> float:
    """Keep torch's scores beside the model; return the largest difference from ours."""
    from torch.nn import Sigmoid

    question, *texts = json.loads(GOLDEN_TEXTS.read_text("utf-8"))
    pairs = [(question, text) for text in texts]
    expected = reference.predict(pairs, batch_size=1, activation_fn=Sigmoid())
    golden = {"question": question, "scores": dict(zip(texts, expected.tolist(), strict=True))}
    (staged / GOLDEN_SCORES).write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n")
    got = OnnxCrossEncoder(staged).scores(question, texts)
    return float(abs(got - expected).max())
