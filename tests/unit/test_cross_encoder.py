"""The cross-encoder: what it scores, what it cuts, and which folders it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from inference.encoders.cross_encoder import CROSS_ENCODER, OnnxCrossEncoder, RerankerUnusable
from tests.tiny_cross_encoder import BIAS, promise, write_cross_encoder

WORDS = ["what is the customer charge of schedule rs 1 in winter zebra filler"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_cross_encoder(tmp_path / "reranker", WORDS)


def logit(score: float) -> float:
    return float(np.log(score / (1 - score)))


def test_a_score_is_the_sigmoid_of_what_the_model_says_of_the_pair(folder: Path) -> None:
    scores = OnnxCrossEncoder(folder).scores(
        "customer charge in winter", ["the customer charge is", "zebra", "winter charge customer"]
    )
    assert [logit(s) + BIAS for s in scores] == pytest.approx([2, 0, 3], abs=1e-4)
    assert scores.dtype == np.float32


def test_a_score_does_not_depend_on_what_else_is_scored(folder: Path) -> None:
    model = OnnxCrossEncoder(folder)
    texts = ["charge " * n + "winter" for n in range(20)]
    together = model.scores("customer charge in winter", texts)
    alone = [model.scores("customer charge in winter", [text])[0] for text in texts]
    assert together.tolist() == pytest.approx(alone)


def test_nothing_to_score_gives_no_scores(folder: Path) -> None:
    assert OnnxCrossEncoder(folder).scores("charge", []).shape == (0,)


def test_the_longer_of_question_and_text_is_cut(tmp_path: Path) -> None:
    model = OnnxCrossEncoder(write_cross_encoder(tmp_path / "short", WORDS, max_tokens=12))
    long = "filler " * 50 + "zebra"
    assert model.scores("zebra", [long])[0] == model.scores("zebra", ["filler " * 51])[0]
    kept = model.scores("what zebra", ["zebra " + "filler " * 50])[0]
    assert logit(kept) + BIAS == pytest.approx(1, abs=1e-4)
    # A question longer than the model reads is cut, not refused.
    assert model.scores("zebra " + "filler " * 50, ["zebra"])[0] > 0.2


def test_extreme_logits_stay_scores(folder: Path) -> None:
    scores = OnnxCrossEncoder(folder).scores("zebra", ["zebra " * 60, "charge"])
    assert 0 <= scores.min() < scores.max() <= 1


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RerankerUnusable, match=r"No cross-encoder at .*--cross-encoder.*or leave"):
        OnnxCrossEncoder(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_truncated_or_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes((folder / name).read_bytes()[:-1])
    with pytest.raises(RerankerUnusable, match=rf"{name} has \d+ bytes"):
        OnnxCrossEncoder(folder)
    (folder / name).unlink()
    with pytest.raises(RerankerUnusable, match=rf"{name} is missing"):
        OnnxCrossEncoder(folder)


def test_a_file_that_the_configuration_forgets_is_not_trusted(folder: Path) -> None:
    config = json.loads((folder / "cross_encoder.json").read_text())
    del config["files"]["tokenizer.json"]
    (folder / "cross_encoder.json").write_text(json.dumps(config))
    with pytest.raises(RerankerUnusable, match=r"promises no tokenizer\.json"):
        OnnxCrossEncoder(folder)


def test_altered_weights_of_the_same_size_are_found_by_hash(folder: Path) -> None:
    raw = bytearray((folder / "model.onnx").read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / "model.onnx").write_bytes(raw)
    with pytest.raises(RerankerUnusable, match="SHA-256"):
        CROSS_ENCODER.verify(folder)


def test_a_graph_that_is_none_is_refused(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"\xff" * 100)
    promise(folder)
    with pytest.raises(RerankerUnusable, match="not an ONNX model"):
        OnnxCrossEncoder(folder)


def test_a_classifier_of_several_labels_is_refused(tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path / "classifier", WORDS, labels=3)
    with pytest.raises(RerankerUnusable, match="not one score per pair"):
        OnnxCrossEncoder(folder)
