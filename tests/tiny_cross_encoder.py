"""A cross-encoder small enough to be made in a test: its logit counts the words that question and
text share. A real ONNX graph and a real tokenizer, in a folder as ``export-model`` writes it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx import TensorProto, helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from copilot.index_bundle.manifest import sha256_of

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
BIAS = 2.0
"""Taken from the count, so that two words in common are a score of one half."""


def write_cross_encoder(
    folder: Path, texts: Sequence[str], *, max_tokens: int = 64, labels: int = 1
) -> Path:
    """Write a cross-encoder that knows the words of ``texts`` into ``folder`` and return it.

    ``labels`` other than 1 make a classifier, which is no cross-encoder for ranking.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _tokenizer(texts).save(str(folder / "tokenizer.json"), pretty=False)
    onnx.save(_graph(labels), str(folder / "model.onnx"))
    promise(folder, max_tokens=max_tokens)
    return folder


def promise(folder: Path, *, max_tokens: int = 64) -> None:
    """Write the configuration that fits the files of ``folder``."""
    config = {
        "schema": 1,
        "model_id": "shared-words@1",
        "source": "tests",
        "max_tokens": max_tokens,
        "files": {
            name: {"bytes": (folder / name).stat().st_size, "sha256": sha256_of(folder / name)}
            for name in ("model.onnx", "tokenizer.json")
        },
    }
    (folder / "cross_encoder.json").write_text(json.dumps(config))


def _tokenizer(texts: Sequence[str]) -> Tokenizer:
    words = sorted({word for text in texts for word in re.findall(r"\w+|[^\w\s]+", text.lower())})
    vocabulary = {word: number for number, word in enumerate([*SPECIAL, *words])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return tokenizer


def _graph(labels: int) -> onnx.ModelProto:
    """logits[b] = how many words of the text occur in the question, minus BIAS."""
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", labels])
    constants = [
        helper.make_tensor("one", TensorProto.INT64, [1], [1]),
        helper.make_tensor("two", TensorProto.INT64, [1], [2]),
        helper.make_tensor("last_special", TensorProto.INT64, [1], [len(SPECIAL) - 1]),
        helper.make_tensor("bias", TensorProto.FLOAT, [1], [BIAS]),
        helper.make_tensor("copies", TensorProto.INT64, [2], [1, labels]),
    ]
    node = helper.make_node
    nodes = [
        node("Greater", ["input_ids", "last_special"], ["is_word"]),
        node("Cast", ["is_word"], ["word"], to=TensorProto.FLOAT),
        node("Cast", ["token_type_ids"], ["second"], to=TensorProto.FLOAT),
        node("Sub", ["one", "token_type_ids"], ["first_number"]),
        node("Cast", ["first_number"], ["first"], to=TensorProto.FLOAT),
        node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        node("Mul", ["word", "mask"], ["seen"]),
        node("Mul", ["seen", "first"], ["asked"]),
        node("Mul", ["seen", "second"], ["said"]),
        node("Unsqueeze", ["input_ids", "two"], ["down"]),
        node("Unsqueeze", ["input_ids", "one"], ["across"]),
        node("Equal", ["down", "across"], ["is_same"]),
        node("Cast", ["is_same"], ["same"], to=TensorProto.FLOAT),
        node("Unsqueeze", ["asked", "two"], ["asked_down"]),
        node("Mul", ["same", "asked_down"], ["from_question"]),
        node("ReduceMax", ["from_question", "one"], ["found"], keepdims=0),
        node("Mul", ["found", "said"], ["hits"]),
        node("ReduceSum", ["hits", "one"], ["count"], keepdims=1),
        node("Sub", ["count", "bias"], ["logit"]),
        node("Tile", ["logit", "copies"], ["logits"]),
    ]
    graph = helper.make_graph(nodes, "shared-words", inputs, [output], initializer=constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    return model
