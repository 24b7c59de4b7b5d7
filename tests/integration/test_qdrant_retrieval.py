"""The retriever over Qdrant: the same passages as over FAISS, and nobody sees more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from copilot.index_bundle.manifest import IndexUnusable, read_manifest
from embed.cli import main
from embed.qdrant_upload import BATCH, UploadFailed, upload
from inference.ports import Passage, RetrieverUnavailable
from inference.qdrant.http import QdrantHttp, QdrantReply, QdrantUnreachable
from inference.retrieval.dense_index import Reader
from inference.retrieval.faiss_retriever import FaissRetriever
from inference.retrieval.qdrant_vectors import QdrantVectors, collection_names
from tests.fakes import FakeEmbedder
from tests.integration.index_builders import build_index, write_corpus
from tests.integration.qdrant_process import qdrant_at

PREFIX = "docs"
DOCUMENTS = 100
PUBLIC = frozenset({"public"})
EVERYONE = frozenset({"public", "finance"})
QUESTIONS = [
    "What did the rotor of site 7 cost?",
    "storage of site 4 gave MWh",
    "inspection of the panel of site 12 in the second winter",
    "tariff",
]


def a_document(number: int) -> str:
    subject = ["rotor", "panel", "meter", "tariff", "storage", "inverter"][number % 6]
    long = " ".join(
        f"Inspection {n} of the {subject} of site {number} found {n * number} faults."
        for n in range(1, 10)
    )
    group = "finance" if number % 4 == 0 else "public"
    return (
        f"---\ntitle: Report {number}\ndate: {2020 + number % 5}-03-01\ngroups: [{group}]\n"
        f"tags: [{subject}, yearly]\ndocument: docs/r01.md\n---\n# Report {number}\n\n"
        f"## Results\n\nThe {subject} of site {number} gave {number * 37} MWh.\n\n"
        f"## Costs\n\nThe {subject} of site {number} cost {number * 11} dollars.\n\n"
        f"## Inspections\n\n{long}\n"
    )


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus") / "docs"
    write_corpus(folder, {f"r{n:02}.md": a_document(n) for n in range(DOCUMENTS)})
    out = tmp_path_factory.mktemp("bundle") / "index"
    build_index(folder, out)
    return out


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantHttp]:
    with qdrant_at(tmp_path_factory.mktemp("qdrant")) as url:
        transport = QdrantHttp(url)
        yield transport
        transport.close()


@pytest.fixture(scope="module")
def uploaded(bundle: Path, server: QdrantHttp) -> QdrantHttp:
    assert not upload(bundle, server, PREFIX).unchanged
    return server


def opened(bundle: Path, transport: Any) -> FaissRetriever:
    return FaissRetriever.open(
        bundle,
        FakeEmbedder(),
        dense=lambda manifest: QdrantVectors(transport, PREFIX, manifest, bundle),
    )


def ask(retriever: FaissRetriever, question: str, **fields: Any) -> list[Passage]:
    vector = FakeEmbedder().embed([question])[0]
    return retriever.retrieve(question, vector, **{"k": 12, "groups": EVERYONE, **fields})


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    "fields",
    [{}, {"groups": PUBLIC}, {"filters": {"year": "2023"}}, {"filters": {"tags": "yearly"}}],
    ids=["all", "public", "year", "tag"],
)
def test_the_same_passages_with_the_same_scores_as_over_faiss(
    bundle: Path, uploaded: QdrantHttp, question: str, fields: dict[str, Any]
) -> None:
    ours = ask(opened(bundle, uploaded), question, **fields)
    theirs = ask(FaissRetriever.open(bundle, FakeEmbedder()), question, **fields)
    assert ours
    assert [p.score for p in ours] == pytest.approx([p.score for p in theirs], abs=1e-5)
    held = {p.chunk_id: p for p in theirs}
    # Chunks of one score may change places at the end of the list.
    shared = [p for p in ours if p.chunk_id in held]
    assert len(shared) >= len(ours) - 1
    for passage in shared:
        other = held[passage.chunk_id]
        assert passage.text == other.text
        assert passage.dense == pytest.approx(other.dense, abs=1e-5)
        assert passage.focus == pytest.approx(other.focus, abs=1e-5)


def test_the_corpus_of_this_test_needs_two_batches_and_has_windows(
    bundle: Path, uploaded: QdrantHttp
) -> None:
    held = upload(bundle, uploaded, PREFIX)
    assert held.chunks > BATCH
    assert held.windows > 100


def chunks_of(retriever: FaissRetriever, numbers: Any) -> set[str]:
    store = retriever.store
    return {store.documents[store.chunk(int(n)).document].path for n in numbers}


def test_qdrant_itself_filters_by_groups_and_facts(bundle: Path, uploaded: QdrantHttp) -> None:
    """Without the mask, the second fence."""
    retriever = opened(bundle, uploaded)
    vectors = QdrantVectors(uploaded, PREFIX, read_manifest(bundle), bundle)
    vector = FakeEmbedder().embed(["storage of site 4"])[0]
    hidden = {f"docs/r{n:02}.md" for n in range(0, DOCUMENTS, 4)}
    assert hidden & chunks_of(retriever, vectors.nearest(vector, None))
    seen = chunks_of(retriever, vectors.nearest(vector, None, Reader(PUBLIC, None)))
    assert seen
    assert not hidden & seen
    one = vectors.nearest(vector, None, Reader(EVERYONE, {"document": "docs/r07.md"}))
    assert chunks_of(retriever, one) == {"docs/r07.md"}
    both = Reader(EVERYONE, {"year": "2023", "tags": "tariff"})
    assert chunks_of(retriever, vectors.nearest(vector, None, both)) == {
        f"docs/r{n:02}.md" for n in range(3, DOCUMENTS, 30)
    }
    assert not vectors.nearest(vector, None, Reader(frozenset(), None)).size


def test_the_mask_holds_what_qdrant_let_through(bundle: Path, uploaded: QdrantHttp) -> None:
    retriever = opened(bundle, uploaded)
    mask = retriever.store.visible(PUBLIC, None)
    assert mask is not None
    vectors = QdrantVectors(uploaded, PREFIX, read_manifest(bundle), bundle)
    vector = FakeEmbedder().embed(["storage of site 4"])[0]
    found = vectors.nearest(vector, mask)
    assert found.size
    assert mask[found].all()
    assert not vectors.nearest(vector, np.zeros_like(mask)).size


def test_a_document_is_known_by_its_path_alone(bundle: Path, uploaded: QdrantHttp) -> None:
    """Every document of this corpus claims in its front matter to be r01."""
    found = ask(opened(bundle, uploaded), QUESTIONS[0], filters={"document": "docs/r07.md"})
    assert {p.document for p in found} == {"docs/r07.md"}


def test_an_upload_is_repeatable_and_ends_what_was_cut_off(
    bundle: Path, server: QdrantHttp
) -> None:
    class Cut:
        """Loses the server after the first points."""

        def __init__(self) -> None:
            self.written = 0

        def call(
            self, method: str, path: str, body: dict[str, Any] | None = None, *, timeout_s: float
        ) -> QdrantReply:
            if "/points?" in path:
                self.written += 1
                if self.written > 1:
                    raise QdrantUnreachable("cut")
            return server.call(method, path, body, timeout_s=timeout_s)

    with pytest.raises(UploadFailed, match="cut"):
        upload(bundle, Cut(), "again")
    with pytest.raises(IndexUnusable, match=rf"has {BATCH} of \d+ points"):
        QdrantVectors(server, "again", read_manifest(bundle), bundle)
    assert not upload(bundle, server, "again").unchanged
    assert upload(bundle, server, "again").unchanged
    QdrantVectors(server, "again", read_manifest(bundle), bundle)


def test_without_the_collections_the_message_says_what_to_run(
    bundle: Path, server: QdrantHttp
) -> None:
    with pytest.raises(IndexUnusable, match="python -m embed publish-qdrant"):
        QdrantVectors(server, "nothing", read_manifest(bundle), bundle)


class Gone:
    """A server that was there a moment ago."""

    def __init__(self, server: QdrantHttp) -> None:
        self._server = server

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, timeout_s: float
    ) -> QdrantReply:
        if path.endswith("/points/query"):
            raise QdrantUnreachable("Qdrant did not answer in time")
        return self._server.call(method, path, body, timeout_s=timeout_s)


def test_a_server_that_is_gone_is_told_apart(bundle: Path, uploaded: QdrantHttp) -> None:
    with pytest.raises(RetrieverUnavailable, match="in time"):
        ask(opened(bundle, Gone(uploaded)), QUESTIONS[0])
    with pytest.raises(IndexUnusable, match="QDRANT_URL"):
        QdrantVectors(QdrantHttp("http://127.0.0.1:9"), PREFIX, read_manifest(bundle), bundle)


def test_collections_of_another_corpus_or_model_have_other_names(bundle: Path) -> None:
    from msgspec import structs

    manifest = read_manifest(bundle)
    others = [
        structs.replace(manifest, corpus_version="0" * 16),
        structs.replace(manifest, model_id="another@1"),
    ]
    names = {collection_names(PREFIX, each)[0] for each in [manifest, *others]}
    assert len(names) == 3


def test_the_command_uploads_and_says_what_it_did(
    bundle: Path,
    uploaded: QdrantHttp,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with qdrant_at(tmp_path) as url:
        given = ["publish-qdrant", str(bundle), "--url", url]
        assert main(given) == 0
        assert "uploaded" in capsys.readouterr().out
        assert main(given) == 0
        assert "there already" in capsys.readouterr().out
    assert main(given) == 1
    assert f"Qdrant at {url}" in capsys.readouterr().err
