"""The committed model agrees with sentence-transformers, and damage is told before it is loaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from copilot.index_bundle.manifest import sha256_of
from inference.encoders.onnx_embedder import (
    EMBEDDING_MODEL,
    EmbedderUnusable,
    OnnxEmbedder,
)
from inference.encoders.onnx_model import BATCH_TOKENS, by_length, open_tokenizer

MODEL = Path(__file__).resolve().parents[2] / "inference" / "model"


@pytest.fixture(scope="module")
def embedder() -> OnnxEmbedder:
    return OnnxEmbedder(MODEL)


def test_vectors_agree_with_sentence_transformers(embedder: OnnxEmbedder) -> None:
    """The golden vectors were computed by sentence-transformers and torch, one text at a time."""
    texts = json.loads((MODEL / "golden_texts.json").read_text("utf-8"))
    golden = np.load(MODEL / "golden.npy", allow_pickle=False)
    cosine = (embedder.embed(texts) * golden).sum(axis=1)
    assert cosine.min() >= 0.999


def test_a_vector_does_not_depend_on_its_batch(embedder: OnnxEmbedder) -> None:
    texts = ["wind", "The price is $31.40 per MWh. " * 40, "", "curtailment of solar parks"]
    together = embedder.embed(texts)
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    assert np.abs(together - alone).max() < 1e-5
    assert np.abs(np.linalg.norm(together, axis=1) - 1).max() < 1e-5


def test_no_texts_give_no_vectors(embedder: OnnxEmbedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimension)


def test_text_beyond_what_the_model_reads_is_cut(embedder: OnnxEmbedder) -> None:
    long = "energy " * 400
    assert np.allclose(embedder.embed([long]), embedder.embed([long + "volcano"]), atol=1e-6)


def test_the_committed_files_have_their_recorded_hashes() -> None:
    EMBEDDING_MODEL.verify(MODEL)
    provenance = json.loads((MODEL / "provenance.json").read_text("utf-8"))
    for name, digest in provenance["files"].items():
        assert sha256_of(MODEL / name) == digest
    assert provenance["source"]["licence"] == "Apache-2.0"
    assert "Apache License" in (MODEL / "LICENSE").read_text("utf-8")


def test_a_missing_model_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnusable, match="make model"):
        OnnxEmbedder(tmp_path)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    shutil.copytree(MODEL, tmp_path / "model")
    return tmp_path / "model"


def test_a_truncated_model_is_refused_before_loading(copied: Path) -> None:
    (copied / "model.onnx").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(EmbedderUnusable, match="Git LFS pointer"):
        OnnxEmbedder(copied)


def test_a_missing_tokenizer_is_named(copied: Path) -> None:
    (copied / "tokenizer.json").unlink()
    with pytest.raises(EmbedderUnusable, match=r"tokenizer\.json is missing"):
        EMBEDDING_MODEL.read(copied)


@pytest.mark.parametrize("content", ["{", '{"schema": 1}', "[]"])
def test_an_unreadable_configuration_is_refused(copied: Path, content: str) -> None:
    (copied / "embedding.json").write_text(content)
    with pytest.raises(EmbedderUnusable, match="is not readable"):
        EMBEDDING_MODEL.read(copied)


def test_another_schema_is_refused(copied: Path) -> None:
    config = json.loads((copied / "embedding.json").read_text())
    (copied / "embedding.json").write_text(json.dumps({**config, "schema": 99}))
    with pytest.raises(EmbedderUnusable, match="schema 99"):
        EMBEDDING_MODEL.read(copied)


def test_altered_weights_of_the_same_size_are_found_by_hash(copied: Path) -> None:
    raw = bytearray((copied / "model.onnx").read_bytes())
    raw[len(raw) // 2] ^= 1
    (copied / "model.onnx").write_bytes(raw)
    with pytest.raises(EmbedderUnusable, match="SHA-256"):
        EMBEDDING_MODEL.verify(copied)


def test_a_file_that_is_no_graph_is_refused(copied: Path) -> None:
    size = (copied / "model.onnx").stat().st_size
    (copied / "model.onnx").write_bytes(b"\xff" * size)
    with pytest.raises(EmbedderUnusable, match="not an ONNX model"):
        OnnxEmbedder(copied)


def test_texts_of_similar_length_share_a_pass_and_long_ones_go_alone() -> None:
    texts = ["wind", "tariff " * 300, "meter " * 40, "solar park"] + ["grid " * 30] * 20
    encodings = open_tokenizer(MODEL, 256).encode_batch(texts)
    batches = by_length(encodings)
    lengths = [[len(encodings[number].ids) for number in batch] for batch in batches]
    assert sorted(number for batch in batches for number in batch) == list(range(len(texts)))
    assert batches[0] == [1]
    assert all(max(held) * len(held) <= BATCH_TOKENS for held in lengths if len(held) > 1)
    assert lengths == sorted(lengths, key=lambda held: -held[0])
    assert len(batches) == 5
