"""``--precision int8``: the model derived once, its vectors near those of fp32, never mixed."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

import embed.precision
from copilot.index_bundle.manifest import read_manifest
from embed.cli import main
from embed.precision import Int8Embedder, quantized
from inference.encoders.onnx_embedder import OnnxEmbedder
from tests.integration.index_builders import write_corpus

MODEL = Path(__file__).resolve().parents[2] / "inference" / "model"
DOCUMENTS = {
    "tariff.md": "# Tariff\n\nThe peak price is 24.90 ¢/kWh.",
    "wind.md": "# Wind\n\nThe rotor turns. Curtailment is paid at $31.40 per MWh.",
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder with the int8 model in it."""
    folder = tmp_path_factory.mktemp("models")
    quantized(MODEL, folder)
    return folder


@pytest.fixture(autouse=True)
def _own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed.precision, "cache_folder", lambda: cache)


def test_vectors_stay_near_those_of_sentence_transformers(cache: Path) -> None:
    texts = json.loads((MODEL / "golden_texts.json").read_text("utf-8"))
    golden = np.load(MODEL / "golden.npy", allow_pickle=False)
    cosine = (Int8Embedder(MODEL, cache).embed(texts) * golden).sum(axis=1)
    assert cosine.min() >= 0.97
    assert cosine.mean() >= 0.985


def test_a_vector_depends_on_its_text_alone(cache: Path) -> None:
    embedder = Int8Embedder(MODEL, cache)
    texts = ["wind", "The price is $31.40 per MWh. " * 40, "", "curtailment of solar parks"]
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    assert np.array_equal(embedder.embed(texts), alone)


def test_the_model_is_made_once_and_the_same_each_time(cache: Path, tmp_path: Path) -> None:
    made = quantized(MODEL, cache)
    before = (made / "model.onnx").stat().st_mtime_ns
    assert quantized(MODEL, cache) == made
    assert (made / "model.onnx").stat().st_mtime_ns == before
    again = quantized(MODEL, tmp_path)
    assert (again / "model.onnx").read_bytes() == (made / "model.onnx").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == [made.name]


def test_a_damaged_copy_is_made_again(cache: Path) -> None:
    made = quantized(MODEL, cache)
    whole = (made / "model.onnx").read_bytes()
    (made / "model.onnx").write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert (quantized(MODEL, cache) / "model.onnx").read_bytes() == whole


def test_another_process_loads_the_same_model(cache: Path) -> None:
    embedder = Int8Embedder(MODEL, cache)
    copy = pickle.loads(pickle.dumps(embedder))
    assert copy.model_id == embedder.model_id == f"{OnnxEmbedder(MODEL).model_id}+int8"
    assert np.array_equal(copy.embed(["wind"]), embedder.embed(["wind"]))


def test_an_index_in_int8_is_built_updated_and_searched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, index = write_corpus(tmp_path / "docs", DOCUMENTS), tmp_path / "index"
    given = [str(corpus), "--out", str(index)]
    assert main(["build", *given, "--precision", "int8"]) == 0
    assert read_manifest(index).model_id.endswith("+int8")
    assert main(["inspect", str(index)]) == 0
    assert "+int8" in capsys.readouterr().out

    write_corpus(corpus, {"gas.md": "# Gas\n\nPipes carry it."})
    assert main(["update", *given]) == 0
    assert "1 embedded, 2 kept" in capsys.readouterr().out
    assert read_manifest(index).model_id.endswith("+int8")
    fresh = tmp_path / "fresh"
    assert main(["build", str(corpus), "--out", str(fresh), "--precision", "int8"]) == 0
    assert read_manifest(fresh).files == read_manifest(index).files

    capsys.readouterr()
    assert main(["search", "What is paid for curtailment?", "--index", str(index), "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert found[0]["document"] == "docs/wind.md"


def test_vectors_of_two_precisions_are_never_mixed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, index = write_corpus(tmp_path / "docs", DOCUMENTS), tmp_path / "index"
    given = [str(corpus), "--out", str(index)]
    assert main(["build", *given]) == 0
    full = read_manifest(index)
    write_corpus(corpus, {"gas.md": "# Gas\n\nPipes carry it."})
    assert main(["update", *given, "--precision", "int8"]) == 1
    assert "are fp32, the embedder's int8" in capsys.readouterr().err
    assert read_manifest(index) == full

    (corpus / "gas.md").unlink()
    assert main(["build", *given, "--precision", "int8"]) == 0
    assert "2 embedded, 0 kept" in capsys.readouterr().out
    reduced = read_manifest(index)
    assert reduced.corpus_version == full.corpus_version
    assert reduced.files["vectors.faiss"] != full.files["vectors.faiss"]
    assert main(["build", *given]) == 0
    assert read_manifest(index).files == full.files


def test_without_onnx_the_command_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(embed.precision, "cache_folder", lambda: tmp_path / "empty")
    monkeypatch.setattr(embed.precision, "find_spec", lambda name: None)
    corpus = write_corpus(tmp_path / "docs", DOCUMENTS)
    given = ["build", str(corpus), "--out", str(tmp_path / "index"), "--precision", "int8"]
    assert main(given) == 1
    assert "pip install 'energycopilot[int8]'" in capsys.readouterr().err
    assert not (tmp_path / "index").exists()
