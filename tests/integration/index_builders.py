"""Builders of small corpora and bundles for the tests of the index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from embed.build import Outcome, build
from embed.embedded import WORDING
from embed.engine import LocalEngine
from embed.holdings import Held
from embed.reading import Reading
from embed.sources import find_sources
from inference.ports import Embedder, Passage
from tests.fakes import FakeEmbedder

if TYPE_CHECKING:
    from inference.ports import Vector
    from inference.retrieval.faiss_retriever import FaissRetriever

PUBLIC = frozenset({"public"})


class CountingEmbedder(FakeEmbedder):
    """Remembers which texts it embedded."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vector:
        self.texts.extend(texts)
        return super().embed(texts)


def write_corpus(folder: Path, documents: Mapping[str, str]) -> Path:
    """Write Markdown documents by name and return the folder."""
    folder.mkdir(exist_ok=True)
    for name, text in documents.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def holdings_of(folder: Path) -> list[Held]:
    """What ``python -m embed build`` would index."""
    return list(Reading(find_sources([folder]), LocalEngine(), default_groups=["public"]))


def embedded_texts(folder: Path) -> list[str]:
    """The lead and the text of every chunk of the documents in ``folder``."""
    return [
        WORDING.whole(held.text[chunk.start : chunk.end], chunk.lead)
        for held in holdings_of(folder)
        for chunk in held.chunks
    ]


def build_index(
    folder: Path, out: Path, embedder: Embedder | None = None, *, reuse: bool = False
) -> Outcome:
    """Build the bundle of the documents in ``folder``."""
    return build(
        Reading(find_sources([folder]), LocalEngine(2), default_groups=["public"]),
        out,
        embedder or FakeEmbedder(),
        engine=LocalEngine(2),
        reuse=reuse,
        report=lambda stage, done, total: None,
    )


def ask(
    retriever: FaissRetriever,
    question: str,
    *,
    k: int = 5,
    groups: frozenset[str] = PUBLIC,
    filters: Mapping[str, str] | None = None,
) -> list[Passage]:
    """Retrieve with the fake embedder's vector of ``question``."""
    vector = FakeEmbedder().embed([question])[0]
    return retriever.retrieve(question, vector, k=k, groups=groups, filters=filters)
