"""Retrieving: what is found, what is never shown, and which bundles are refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copilot.index_bundle.manifest import IndexUnusable, sha256_of
from embed.vector_index import write_vectors
from inference.retrieval import faiss_retriever
from inference.retrieval.dense_index import VECTORS, open_vectors
from inference.retrieval.faiss_retriever import FaissRetriever
from inference.retrieval.fusion import fuse
from inference.retrieval.lexical_index import LexicalIndex, highest
from inference.retrieval.selection import Choices
from inference.text.words import Analyser, pairs_of
from tests.fakes import FakeEmbedder
from tests.integration.index_builders import (
    PUBLIC,
    ask,
    build_index,
    embedded_texts,
    write_corpus,
)

TOPICS = ["rotor", "turbine", "panel", "inverter", "tariff", "meter", "pipeline", "storage"]
GROUPS = ["public", "finance", "legal"]


def a_document(number: int) -> str:
    groups = [GROUPS[i] for i in range(3) if (number + 1) >> i & 1 or number % 7 == i]
    topic, other = TOPICS[number % 8], TOPICS[(number * 3 + 1) % 8]
    return (
        f"---\ntitle: Report {number}\ndate: {2020 + number % 5}-03-01\n"
        f"url: https://docs.example.com/{number}\ngroups: {json.dumps(groups or ['legal'])}\n"
        f"tags: [{topic}]\n---\n# Report {number}\n\n## Results\n\n"
        f"The {topic} of site {number} gave {number * 37} MWh, more than the {other}.\n\n"
        f"## Costs\n\nIts {other} cost {number * 11} dollars for unit {number}.\n"
    )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus") / "docs"
    return write_corpus(folder, {f"r{n:02}.md": a_document(n) for n in range(30)})


@pytest.fixture(scope="module")
def bundle(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bundle") / "index"
    build_index(corpus, out)
    return out


@pytest.fixture(scope="module")
def retriever(bundle: Path) -> FaissRetriever:
    return FaissRetriever.open(bundle, FakeEmbedder())


def test_a_passage_carries_everything_that_a_citation_needs(retriever: FaissRetriever) -> None:
    found = ask(retriever, "turbine of site 9 MWh", k=30, groups=frozenset(GROUPS))
    best = next(p for p in found if p.document == "docs/r09.md" and p.section == "Results")
    assert best.text == "The turbine of site 9 gave 333 MWh, more than the tariff."
    assert (best.document, best.title, best.section) == ("docs/r09.md", "Report 9", "Results")
    assert best.url == "https://docs.example.com/9"
    document = next(d for d in retriever.store.documents if d.path == best.document)
    assert retriever.store.text(document)[best.start : best.end] == best.text
    assert 0 < best.score <= 1
    assert best.dense is not None
    assert best.lexical is not None


def test_the_ranking_is_the_fusion_of_exact_scores(retriever: FaissRetriever, corpus: Path) -> None:
    question = "storage cost of unit 7"
    texts = embedded_texts(corpus)
    everyone = frozenset(GROUPS)
    dense = FakeEmbedder().embed(texts) @ FakeEmbedder().embed([question])[0]
    words = Analyser().words(question)
    lexical, coverage = retriever._lexical.scores_and_coverage(words)
    expected = fuse(dense, dense, lexical, retriever._pairs.scores(pairs_of(words)), coverage)
    found = ask(retriever, question, k=10, groups=everyone)
    assert [p.score for p in found] == pytest.approx(sorted(expected, reverse=True)[:10], abs=1e-5)


def test_word_scores_are_those_of_the_library_that_made_them(bundle: Path, corpus: Path) -> None:
    texts = embedded_texts(corpus)
    words = Analyser().words
    model = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    compounds = Analyser().compounds
    model.index([words(text) + compounds(text) for text in texts], show_progress=False)
    index = LexicalIndex(bundle / "lexical", chunks=len(texts))
    for question in ("turbine of site 12", "dollars", "1110 MWh", "zzz unknown", "the of", ""):
        known = [w for w in dict.fromkeys(words(question)) if w in model.vocab_dict]
        expected = model.get_scores(known) if known else np.zeros(len(texts))
        assert np.allclose(index.scores(words(question)), expected, atol=1e-5)


def test_the_best_by_words_are_found_without_scoring_all(bundle: Path, corpus: Path) -> None:
    texts = embedded_texts(corpus)
    index, words = LexicalIndex(bundle / "lexical", chunks=len(texts)), Analyser().words
    generator = np.random.default_rng(0)
    vocabulary = sorted({word for text in texts for word in words(text)})
    for number in range(200):
        asked = [str(w) for w in generator.choice(vocabulary, size=number % 7)] + ["zzz"]
        mask = None if number % 2 else generator.random(len(texts)) < 0.5
        scores, coverage = index.scores_and_coverage(asked)
        some = np.sort(generator.choice(len(texts), size=20, replace=False))
        few_scores, few_coverage = index.scores_and_coverage_of(asked, some)
        assert np.array_equal(few_scores, scores[some])
        assert np.array_equal(few_coverage, coverage[some])
        seen = scores if mask is None else scores * mask
        for length in (1, 5, len(texts)):
            best = index.best(asked, length, mask)
            assert np.array_equal(best, np.unique(best))
            # Which of equal ones are kept is open; how good they are is not.
            expected = np.sort(seen[highest(seen, length)])
            assert np.array_equal(np.sort(seen[best]), expected)


def test_a_ranking_is_the_same_whether_all_chunks_are_scored_or_some(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retriever = FaissRetriever.open(bundle, FakeEmbedder())
    questions = ("turbine of site 9 MWh", "storage cost of unit 7", "the of", "zzz", "cost")
    cases = [(q, groups) for q in questions for groups in (PUBLIC, frozenset(GROUPS))]

    def ranked() -> list[list[tuple[str, float]]]:
        found = (ask(retriever, q, k=10, groups=groups) for q, groups in cases)
        return [[(p.chunk_id, p.score) for p in passages] for passages in found]

    every = ranked()
    monkeypatch.setattr(faiss_retriever, "SCORE_ALL_LIMIT", 0)
    assert ranked() == every


def test_coverage_is_the_share_of_the_question_s_words_by_rarity(
    bundle: Path, corpus: Path
) -> None:
    texts = embedded_texts(corpus)
    words = Analyser().words
    index = LexicalIndex(bundle / "lexical", chunks=len(texts))
    asked = words("turbine cost of unit 7")
    held = [set(words(text)) for text in texts]
    rarity = {}
    for word in asked:
        occurs = sum(word in found for found in held)
        rarity[word] = np.log(1 + (len(texts) - occurs + 0.5) / (occurs + 0.5))
    expected = [sum(rarity[w] for w in asked if w in found) for found in held]
    coverage = index.scores_and_coverage([*asked, asked[0]])[1]
    assert coverage == pytest.approx(np.array(expected) / sum(rarity.values()), abs=1e-6)
    # A word that no chunk has is missed by all.
    assert index.scores_and_coverage([*asked, "zzz"])[1].max() < coverage.max()
    assert index.scores_and_coverage([])[1].max() == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    question=st.lists(st.sampled_from([*TOPICS, "site", "3", "cost", "nothing"]), min_size=1),
    groups=st.frozensets(st.sampled_from([*GROUPS, "strangers"])),
    year=st.sampled_from([None, "2021", "2024", "1999"]),
    tag=st.sampled_from([None, *TOPICS[:3]]),
)
def test_nobody_sees_what_groups_and_filters_exclude(
    retriever: FaissRetriever,
    question: list[str],
    groups: frozenset[str],
    year: str | None,
    tag: str | None,
) -> None:
    filters = {name: value for name, value in (("year", year), ("tags", tag)) if value}
    allowed = {
        d.path
        for d in retriever.store.documents
        if groups & set(d.groups)
        and (year is None or d.metadata["year"] == year)
        and (tag is None or tag in d.metadata["tags"])
    }
    found = ask(retriever, " ".join(question), k=100, groups=groups, filters=filters)
    assert {p.document for p in found} <= allowed
    assert bool(found) == bool(allowed)


@pytest.mark.parametrize("k", [0, 1, 3, 1000])
def test_at_most_k_passages_come_best_first(retriever: FaissRetriever, k: int) -> None:
    scores = [p.score for p in ask(retriever, "cost of storage", k=k, groups=frozenset(GROUPS))]
    assert len(scores) == min(k, len(scores))
    assert scores == sorted(scores, reverse=True)
    assert bool(scores) == bool(k)


def test_one_document_can_be_asked_for(retriever: FaissRetriever) -> None:
    found = ask(retriever, "cost", filters={"document": "docs/r00.md"}, groups=frozenset(GROUPS))
    assert {p.document for p in found} == {"docs/r00.md"}
    assert ask(retriever, "cost", filters={"no such field": "x"}) == []


def test_near_duplicates_are_shown_once_but_another_year_is_no_duplicate(tmp_path: Path) -> None:
    text = "The customer charge of every home in the whole of the valley is {} dollars per month."
    folder = write_corpus(
        tmp_path / "docs",
        {
            "a.md": f"# Tariff 2024\n\n{text.format(9)}",
            "b.md": f"# Tariff 2024\n\n{text.format(9).replace('dollars', 'Dollars')} Yes.",
            "c.md": f"# Tariff 2025\n\n{text.format(10)}",
        },
    )
    build_index(folder, tmp_path / "index")
    reader = FaissRetriever.open(tmp_path / "index", FakeEmbedder())
    found = ask(reader, "What is the customer charge?")
    assert len(found) == 2
    assert {p.title for p in found} == {"Tariff 2024", "Tariff 2025"}


TARIFF = (
    "---\ntitle: Tariff {0}\ndate: {0}-01-01\n---\n# Tariff {0}\n\n"
    "The customer charge is {1} dollars."
)


def test_the_newest_document_comes_first_where_the_question_asks_for_it(tmp_path: Path) -> None:
    years = {2021: "9", 2023: "10", 2024: "12", 2022: "8"}
    folder = write_corpus(
        tmp_path / "docs", {f"{y}.md": TARIFF.format(y, cost) for y, cost in years.items()}
    )
    build_index(folder, tmp_path / "index")
    reader = FaissRetriever.open(tmp_path / "index", FakeEmbedder())
    assert ask(reader, "What is the latest customer charge?")[0].title == "Tariff 2024"
    assert ask(reader, "What is the customer charge of 2022?")[0].title == "Tariff 2022"
    plain = [p.score for p in ask(reader, "What is the customer charge?")]
    assert plain == sorted(plain, reverse=True)
    always = FaissRetriever.open(tmp_path / "index", FakeEmbedder(), Choices(recency_weight=0.5))
    found = ask(always, "What is the customer charge?")
    assert [p.title for p in found] == [f"Tariff {y}" for y in (2024, 2023, 2022, 2021)]
    assert all(0 <= p.score <= 1 for p in found)


def test_one_document_does_not_crowd_out_another_that_matches(tmp_path: Path) -> None:
    said = "The curtailment of a unit is paid at the node {}."
    many = "\n\n".join(f"## Part {n}\n\n{said.format(n)}" for n in range(8))
    others = {f"o{n}.md": f"# Other {n}\n\nThe {TOPICS[n]} rests." for n in range(8)}
    short = f"# Rules Part\n\n{said.format('of a neighbour')}"
    folder = write_corpus(
        tmp_path / "docs", {"long.md": f"# Curtailment\n\n{many}", "short.md": short, **others}
    )
    build_index(folder, tmp_path / "index")
    question = "curtailment part: is the curtailment of a unit paid at the node?"
    free = FaissRetriever.open(tmp_path / "index", FakeEmbedder(), Choices(per_document=0))
    assert {p.document for p in ask(free, question, k=4)} == {"docs/long.md"}
    capped = FaissRetriever.open(tmp_path / "index", FakeEmbedder(), Choices(per_document=2))
    matching = ask(capped, question, k=8)
    assert {p.document for p in matching} == {"docs/long.md", "docs/short.md"}
    assert len(matching) == 8
    only = ask(capped, question, k=4, filters={"document": "docs/long.md"})
    assert len(only) == 4


APPROXIMATE = {
    "hnsw32-ip": {"flat_limit": 10},
    "ivf16-fp16-ip": {"flat_limit": 10, "graph_limit": 10},
}


@pytest.mark.parametrize("expected_kind", APPROXIMATE)
def test_an_approximate_index_answers_and_filters_like_the_exact_one(
    bundle: Path, tmp_path: Path, expected_kind: str
) -> None:
    exact = FaissRetriever.open(bundle, FakeEmbedder())
    chunks = len(exact.store)
    copy = Path(shutil.copytree(bundle, tmp_path / "graph"))
    vectors = open_vectors(bundle / VECTORS).reconstruct_n(0, chunks)
    kind, recall = write_vectors(copy / VECTORS, vectors, **APPROXIMATE[expected_kind])
    assert kind == expected_kind
    assert recall > 0.9
    entry = {"bytes": (copy / VECTORS).stat().st_size, "sha256": sha256_of(copy / VECTORS)}
    manifest = json.loads((copy / "manifest.json").read_text())
    change_manifest(copy, files={**manifest["files"], VECTORS: entry})
    graph = FaissRetriever.open(copy, FakeEmbedder())
    for groups in (PUBLIC, frozenset({"legal"})):
        for question in ("turbine of site 9", "cost of the panel"):
            expected = [p.chunk_id for p in ask(exact, question, groups=groups)]
            assert [p.chunk_id for p in ask(graph, question, groups=groups)] == expected


def test_a_long_chunk_is_found_by_what_one_of_its_windows_says(tmp_path: Path) -> None:
    filler = " ".join(f"Remark {n} of the {TOPICS[n % 8]} is of no weight here." for n in range(14))
    folder = write_corpus(
        tmp_path / "docs",
        {
            "long.md": f"# Notes\n\n{filler} Curtailment is paid at the node.",
            "short.md": "# Other\n\nCurtailment of remarks.",
        },
    )
    build_index(folder, tmp_path / "index")
    reader = FaissRetriever.open(tmp_path / "index", FakeEmbedder())
    found = {p.document: p for p in ask(reader, "Curtailment is paid at the node.")}
    assert found["docs/short.md"].focus == found["docs/short.md"].dense
    long = found["docs/long.md"]
    assert long.focus is not None
    assert long.dense is not None
    assert long.focus > long.dense


def test_windows_are_filtered_like_their_chunks(tmp_path: Path) -> None:
    text = " ".join(f"Sentence {n} speaks of a secret hedge of {n} MW." for n in range(20))
    folder = write_corpus(
        tmp_path / "docs",
        {
            "secret.md": f"---\ntitle: Secret\ngroups: [finance]\n---\n# Secret\n\n{text}",
            "open.md": "# Open\n\nNothing of the kind.",
        },
    )
    build_index(folder, tmp_path / "index")
    reader = FaissRetriever.open(tmp_path / "index", FakeEmbedder())
    question = "Sentence 3 speaks of a secret hedge of 3 MW."
    assert {p.document for p in ask(reader, question)} == {"docs/open.md"}
    seen = ask(reader, question, groups=frozenset({"finance"}))
    assert {p.document for p in seen} == {"docs/secret.md"}


@pytest.fixture
def own(corpus: Path, tmp_path: Path) -> Path:
    """A bundle that the test may damage."""
    build_index(corpus, tmp_path / "index")
    return tmp_path / "index"


def change_manifest(bundle: Path, **changes: Any) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps({**manifest, **changes}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": 99}, "has schema 99"),
        ({"model_id": "other@1"}, "built by other@1"),
        ({"dimension": 12}, r"\(12 dimensions\)"),
        ({"lexical": "bm25/other"}, "made with bm25/other"),
        ({"counts": {"documents": 1, "chunks": 7}}, "the manifest promises 7"),
        ({"surprise": 1}, "not a manifest this version reads"),
    ],
)
def test_a_bundle_that_does_not_fit_is_refused_and_says_what_to_run(
    own: Path, changes: dict[str, Any], message: str
) -> None:
    change_manifest(own, **changes)
    with pytest.raises(IndexUnusable, match=message) as caught:
        FaissRetriever.open(own, FakeEmbedder())
    assert "python -m embed build" in str(caught.value)


def test_a_missing_index_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(IndexUnusable, match="python -m embed build corpus/documents"):
        FaissRetriever.open(tmp_path / "nothing", FakeEmbedder())


@pytest.mark.parametrize("name", ["vectors.faiss", "chunks.jsonl", "lexical/scores.npy"])
def test_a_damaged_bundle_is_refused(own: Path, name: str) -> None:
    raw = bytearray((own / name).read_bytes())
    raw[-1] ^= 1
    (own / name).write_bytes(raw)
    with pytest.raises(IndexUnusable, match="truncated or altered"):
        FaissRetriever.open(own, FakeEmbedder())
    (own / name).unlink()
    with pytest.raises(IndexUnusable, match="is missing"):
        FaissRetriever.open(own, FakeEmbedder())


def test_vectors_that_faiss_cannot_read_are_refused(own: Path) -> None:
    (own / "vectors.faiss").write_bytes(b"not an index")
    manifest = json.loads((own / "manifest.json").read_text())
    entry = {"bytes": 12, "sha256": sha256_of(own / "vectors.faiss")}
    change_manifest(own, files={**manifest["files"], "vectors.faiss": entry})
    with pytest.raises(IndexUnusable, match="not a FAISS index"):
        FaissRetriever.open(own, FakeEmbedder())
