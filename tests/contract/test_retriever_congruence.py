"""Every retriever keeps the port's promises: on FAISS, on Qdrant, and under a cross-encoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from msgspec import structs

from embed.qdrant_upload import upload
from inference.encoders.cross_encoder import OnnxCrossEncoder
from inference.ports import Passage, Retriever
from inference.qdrant.http import QdrantHttp, QdrantTransport
from inference.retrieval.faiss_retriever import FaissRetriever
from inference.retrieval.qdrant_vectors import QdrantVectors
from inference.retrieval.reranking_retriever import RerankingRetriever
from tests.fakes import FakeEmbedder
from tests.integration.index_builders import build_index, write_corpus
from tests.integration.qdrant_process import qdrant_at
from tests.tiny_cross_encoder import write_cross_encoder

if TYPE_CHECKING:
    from inference.ports import Vector

SUBJECTS = ["rotor", "panel", "meter", "tariff", "storage", "inverter"]
EVERYONE = frozenset({"public", "finance"})


def a_document(number: int) -> str:
    group = "finance" if number % 4 == 0 else "public"
    subject = SUBJECTS[number % 6]
    return (
        f"---\ntitle: Report {number}\ndate: {2020 + number % 5}-03-01\ngroups: [{group}]\n"
        f"tags: [{subject}]\n---\n# Report {number}\n\n## Results\n\n"
        f"The {subject} of site {number} gave {number * 37} MWh.\n\n"
        f"## Costs\n\nThe {subject} of site {number} cost {number * 11} dollars.\n"
    )


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus") / "docs"
    write_corpus(folder, {f"r{n:02}.md": a_document(n) for n in range(24)})
    out = tmp_path_factory.mktemp("bundle") / "index"
    build_index(folder, out)
    return out


def reranked(bundle: Path, scratch: Path) -> Retriever:
    words = [a_document(n) for n in range(24)]
    model = OnnxCrossEncoder(write_cross_encoder(scratch / "reranker", words))
    return RerankingRetriever(FaissRetriever.open(bundle, FakeEmbedder()), model, depth=12)


def in_qdrant(bundle: Path, transport: QdrantTransport) -> Retriever:
    upload(bundle, transport, "docs")
    return FaissRetriever.open(
        bundle,
        FakeEmbedder(),
        dense=lambda manifest: QdrantVectors(transport, "docs", manifest, bundle),
    )


@pytest.fixture(scope="module")
def qdrant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantTransport]:
    with qdrant_at(tmp_path_factory.mktemp("qdrant")) as url:
        yield QdrantHttp(url)


@pytest.fixture(params=["faiss", "qdrant", "reranked"])
def retriever(
    request: pytest.FixtureRequest, bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Retriever:
    if request.param == "qdrant":
        return in_qdrant(bundle, request.getfixturevalue("qdrant"))
    if request.param == "reranked":
        return reranked(bundle, tmp_path_factory.mktemp("model"))
    return FaissRetriever.open(bundle, FakeEmbedder())


def ask(
    retriever: Retriever,
    question: str,
    *,
    k: int = 6,
    groups: frozenset[str] = EVERYONE,
    filters: dict[str, str] | None = None,
) -> list[Passage]:
    vector = FakeEmbedder().embed([question])[0]
    return retriever.retrieve(question, vector, k=k, groups=groups, filters=filters)


@pytest.mark.parametrize("k", [0, 1, 6, 30, 1000])
def test_at_most_k_different_passages_come_best_first(retriever: Retriever, k: int) -> None:
    found = ask(retriever, "cost of the storage of site 9", k=k)
    assert len(found) <= k
    assert bool(found) == bool(k)
    assert len({p.chunk_id for p in found}) == len(found)
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
    assert all(0 <= p.score <= 1 for p in found)


def test_what_answers_comes_first(retriever: Retriever) -> None:
    best = ask(retriever, "What did the tariff of site 9 cost in dollars?")[0]
    assert (best.document, best.section) == ("docs/r09.md", "Costs")
    assert best.dense is not None
    assert best.lexical is not None


def test_groups_and_filters_hold(retriever: Retriever) -> None:
    public = frozenset({"public"})
    assert not ask(retriever, "rotor of site 12", groups=frozenset())
    hidden = {f"docs/r{n:02}.md" for n in range(0, 24, 4)}
    found = ask(retriever, "storage of site 4 gave MWh", k=40, groups=public)
    assert not hidden & {p.document for p in found}
    of_2023 = ask(retriever, "storage of site 4 gave MWh", k=40, filters={"year": "2023"})
    assert {p.document for p in of_2023} == {f"docs/r{n:02}.md" for n in range(3, 24, 5)}
    assert not ask(retriever, "storage", filters={"year": "1999"})


def test_the_corpus_version_is_the_bundle_s(retriever: Retriever, bundle: Path) -> None:
    version = FaissRetriever.open(bundle, FakeEmbedder()).corpus_version
    assert retriever.corpus_version == version


class Contrary:
    """A scorer that likes best what comes last."""

    model_id = "contrary@1"

    def scores(self, question: str, texts: Sequence[str]) -> Vector:
        return np.linspace(0.1, 0.9, len(texts), dtype=np.float32)


def test_a_cross_encoder_changes_order_and_score_and_nothing_else(bundle: Path) -> None:
    inner = FaissRetriever.open(bundle, FakeEmbedder())
    question = "dollars cost of site 7 Report 7"
    before = ask(inner, question, k=12)
    after = ask(RerankingRetriever(inner, Contrary(), depth=12, per_document=0), question, k=12)
    assert [p.chunk_id for p in after] == [p.chunk_id for p in reversed(before)]
    assert after[0].score == pytest.approx(0.9)
    for passage, held in zip(after, reversed(before), strict=True):
        assert structs.replace(passage, score=held.score) == held
