"""Documents of a tenant's own: random people of several tenants find and read what is theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.documents.status import DocumentStatus
from copilot.identity import Identity
from http_api.documents.desk import BundleDocumentDesk
from http_api.problems import ProblemError
from inference.ports import Passage
from inference.retrieval.faiss_retriever import FaissRetriever
from tests.fakes import FakeEmbedder
from tests.integration.index_builders import ask, build_index, write_corpus

READERS = ["public", "public@one", "finance", "finance@one", "finance@two", "finance@two@one"]
DOCUMENTS = {f"r{n}.md": readers for n, readers in enumerate(READERS)}
PEOPLE = st.builds(
    Identity,
    tenant=st.sampled_from(["one", "two", "two@one", "neone"]),
    user=st.just("ann"),
    groups=st.lists(
        st.sampled_from(["public", "finance", "finance@one", "public@one", "finance@two"]),
        unique=True,
    ).map(tuple),
)


def may_read(who: Identity, readers: str) -> bool:
    """Said again in other words: a name with a tenant opens to that tenant's group alone."""
    group, _, tenant = readers.partition("@")
    return group in who.groups and tenant in ("", who.tenant)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus") / "docs"
    corpus = {
        name: f"---\ngroups: [{readers}]\n---\n# Report {name}\n\nThe tariff here is {name}7.\n"
        for name, readers in DOCUMENTS.items()
    }
    write_corpus(folder, corpus)
    out = tmp_path_factory.mktemp("bundle") / "index"
    build_index(folder, out)
    return out


@settings(max_examples=60)
@given(who=PEOPLE)
def test_a_document_of_a_tenants_own_is_found_and_read_in_no_other(
    bundle: Path, who: Identity
) -> None:
    theirs = {name for name, readers in DOCUMENTS.items() if may_read(who, readers)}
    retriever = FaissRetriever.open(bundle, FakeEmbedder())
    found = ask(retriever, "What is the tariff?", k=20, groups=who.reads)
    assert {Path(passage.document).name for passage in found} == theirs

    waiting = [
        DocumentStatus(
            path=f"uploads/{readers}/x.md", state="queued", groups=[readers], changed_at=1
        )
        for readers in READERS
    ]
    desk = BundleDocumentDesk(lambda: bundle, lambda: waiting)
    listed = desk.page(who, None, None, 100).items
    assert {Path(i.document).name for i in listed if i.status == "indexed"} == theirs
    shown = {i.document.split("/")[1] for i in listed if i.status == "queued"}
    assert shown == {readers for readers in READERS if may_read(who, readers)}

    paths = {Path(passage.document).name: passage.document for passage in everything(retriever)}
    for name, path in paths.items():
        if name in theirs:
            assert desk.get(who, path).document == path
        else:
            with pytest.raises(ProblemError, match="no such document"):
                desk.get(who, path)


def everything(retriever: FaissRetriever) -> list[Passage]:
    return ask(retriever, "What is the tariff?", k=20, groups=frozenset(READERS))
