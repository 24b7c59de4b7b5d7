"""The questions that the page offers to begin with are answered from the shipped index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inference.encoders.onnx_embedder import OnnxEmbedder
from inference.grounding.evidence import is_enough
from inference.retrieval.faiss_retriever import FaissRetriever

ROOT = Path(__file__).resolve().parents[2]
STARTERS = ROOT / "chat-ui" / "src" / "features" / "thread" / "starters.ts"
QUESTIONS = re.findall(r'question:\s*"([^"]+)"', STARTERS.read_text("utf-8"))


@pytest.fixture(scope="module")
def retriever() -> tuple[OnnxEmbedder, FaissRetriever]:
    embedder = OnnxEmbedder(ROOT / "inference" / "model")
    return embedder, FaissRetriever.open(ROOT / "faiss_index", embedder)


def test_there_are_starters() -> None:
    assert len(QUESTIONS) >= 3


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_starter_is_not_refused(
    retriever: tuple[OnnxEmbedder, FaissRetriever], question: str
) -> None:
    embedder, index = retriever
    vector = embedder.embed([question])[0]
    passages = index.retrieve(question, vector, k=6, groups=frozenset({"public"}))
    assert is_enough(question, passages)
