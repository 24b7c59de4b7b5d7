"""Building an index: chunks a second, and what a change costs.

Both designs embed the same chunks with the same weights on all cores, in turns, model loaded and
modules imported; ours writes its lexical index besides. By default ours also embeds windows of a
few sentences of every long chunk, which plain does not have: so it is built without them too, for
the same vectors as plain's. That both find the same is shown by the cosine between their vectors of
a chunk, and with ``--data FOLDER`` (BEIR layout) by nDCG@10 of dense search over judged documents.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.eval_metrics import ndcg
from benchmarks.plain_environment import build as build_plain
from benchmarks.plain_environment import python, write_chunks
from benchmarks.report import Budget, Measure, Result, Skipped, Table, alternate, run
from embed.build import build
from embed.engine import LocalEngine
from embed.plan import Plan, make_plan
from embed.sources import find_sources, load_sources
from inference.encoders.onnx_embedder import OnnxEmbedder

ROOT = Path(__file__).resolve().parents[1]
OURS, BARE, PLAIN = "ours", "ours without windows", "plain"
CHANGES = (0, 1, 10, 100)
WORDS = ("tariff", "charge", "meter", "grid", "outage", "winter", "demand", "storage")

ENGINE = LocalEngine(os.cpu_count() or 1)

Vectors = NDArray[np.float32]


def measure(arguments: argparse.Namespace) -> Result:
    """Both builds in turns, the agreement of what they find, and updates of a larger corpus."""
    python()
    embedder = OnnxEmbedder(arguments.model)
    plan = planned(arguments.documents, arguments.chunks)
    runs = max(1, arguments.runs)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        chunks = folder / "chunks.jsonl"
        titles = [plan.documents[chunk.document].title for chunk in plan.chunks]
        write_chunks(chunks, zip(titles, plan.embedded, strict=True))
        bare = replace(plan, windows=[[] for _ in plan.chunks])
        number = itertools.count()
        seconds = alternate(
            runs,
            {
                OURS: lambda: _timed(plan, folder / f"ours-{next(number)}", embedder),
                BARE: lambda: _timed(bare, folder / f"ours-{next(number)}", embedder),
                PLAIN: lambda: build_plain(chunks, folder / "plain")["build_s"],
            },
        )
        agreement = _agreement(plan, embedder, folder / "plain")
        changed = updates(folder / "updated", embedder, arguments.corpus)
    embedded, windows = len(plan.embedded), sum(map(len, plan.windows))
    same = _rate("chunks a second, the same vectors", embedded, seconds[BARE], seconds[PLAIN])
    rows = [
        same,
        _rate("chunks a second, with windows besides", embedded, seconds[OURS], seconds[PLAIN]),
    ]
    quality = [Measure(what="lowest cosine of both designs' vectors", unit="", ours=[agreement])]
    if arguments.data:
        quality += found_by_both(arguments.data, embedder, arguments.documents_judged)
    return Result(
        title="Building an index",
        runs=runs,
        tables=[
            Table(
                title="A build from nothing",
                rows=rows,
                about=f"{embedded} chunks; with windows, ours embeds {windows} texts besides.",
            ),
            Table(title="The same is found", rows=quality),
            Table(
                title="An update of a corpus",
                about=f"{arguments.corpus} documents of one chunk each; wall time of an update "
                "after that many documents changed, one run.",
                rows=changed,
            ),
        ],
        bound="forward passes of the embedding model on all cores",
        budgets=[Budget.of_plain(same, 1.5, side="at least")],
    )


def planned(documents: Path, chunks: int) -> Plan:
    """What a bundle of the first documents with about so many chunks would hold."""
    loaded = load_sources(find_sources([documents]), max_bytes=2**26, report=_silently).documents
    plan = make_plan(loaded, default_groups=["public"])
    kept = len(loaded)
    while len(plan.chunks) > chunks and kept > 1:
        kept = max(1, kept * chunks // len(plan.chunks))
        plan = make_plan(loaded[:kept], default_groups=["public"])
    return plan


def updates(folder: Path, embedder: OnnxEmbedder, corpus: int) -> list[Measure]:
    """Seconds of a build of ``corpus`` documents, then of updates after some of them changed."""
    source, out = folder / "documents", folder / "bundle"
    source.mkdir(parents=True)
    random = np.random.default_rng(6)

    def write(number: int) -> None:
        words = random.choice(WORDS, size=60)
        (source / f"{number:05d}.md").write_text(f"# Note {number}\n\n{' '.join(words)}.\n")

    for number in range(corpus):
        write(number)
    rows = [_update("built from nothing", source, out, embedder, reuse=False)]
    for changed in CHANGES:
        if changed > corpus:
            continue
        for number in range(changed):
            write(number)
        what = f"{changed} changed" if changed else "nothing changed"
        rows.append(_update(what, source, out, embedder, reuse=True))
    return rows


def found_by_both(data: Path, embedder: OnnxEmbedder, most: int) -> list[Measure]:
    """nDCG@10 of exact dense search with the vectors of each design."""
    if not (data / "corpus.jsonl").is_file():
        raise Skipped(f"no corpus.jsonl in {data}; --data takes a folder in BEIR layout")
    judged: dict[str, dict[str, int]] = {}
    for line in (data / "qrels" / "test.tsv").read_text().splitlines()[1:]:
        query, document, grade = line.split("\t")
        judged.setdefault(query, {})[document] = int(grade)
    rows = map(json.loads, (data / "corpus.jsonl").read_text().splitlines())
    texts = {row["_id"]: f"{row['title']}\n{row['text']}" for row in rows}
    relevant = {document for grades in judged.values() for document in grades}
    kept = sorted(texts, key=lambda one: (one not in relevant, one))[:most]
    asked = {
        row["_id"]: row["text"]
        for row in map(json.loads, (data / "queries.jsonl").read_text().splitlines())
        if row["_id"] in judged and set(judged[row["_id"]]) <= set(kept)
    }
    with tempfile.TemporaryDirectory() as directory:
        everything = [texts[one] for one in kept] + list(asked.values())
        write_chunks(Path(directory) / "chunks.jsonl", (("", text) for text in everything))
        build_plain(Path(directory) / "chunks.jsonl", Path(directory))
        theirs = _plain_vectors(Path(directory))
    ours = embedder.embed(everything)
    position = {document: number for number, document in enumerate(kept)}

    def score(vectors: Vectors) -> float:
        ranked = np.argsort(-(vectors[len(kept) :] @ vectors[: len(kept)].T), axis=1)[:, :10]
        found = [
            ndcg(row.tolist(), {position[d]: g for d, g in judged[query].items()}, 10)
            for query, row in zip(asked, ranked, strict=True)
        ]
        return float(np.mean(found))

    what = f"nDCG@10, dense, {data.name}, {len(kept)} documents, {len(asked)} questions"
    return [Measure(what=what, unit="", ours=[score(ours)], plain=[score(theirs)])]


def _timed(plan: Plan, out: Path, embedder: OnnxEmbedder) -> float:
    began = time.monotonic()
    build(plan, out, embedder, engine=ENGINE, reuse=False, report=_silently)
    return time.monotonic() - began


def _update(what: str, source: Path, out: Path, embedder: OnnxEmbedder, *, reuse: bool) -> Measure:
    began = time.monotonic()
    loaded = load_sources(find_sources([source]), max_bytes=2**26, report=_silently)
    plan = make_plan(loaded.documents, default_groups=["public"])
    build(plan, out, embedder, engine=ENGINE, reuse=reuse, report=_silently)
    return Measure(what=what, unit="s", ours=[time.monotonic() - began])


def _rate(what: str, chunks: int, ours: Sequence[float], plain: Sequence[float]) -> Measure:
    return Measure(
        what=what,
        unit="/s",
        ours=[chunks / taken for taken in ours],
        plain=[chunks / taken for taken in plain],
    )


def _agreement(plan: Plan, embedder: OnnxEmbedder, plain: Path) -> float:
    theirs = _plain_vectors(plain)
    ours = embedder.embed(plan.embedded)
    return float((ours * theirs).sum(axis=1).min())


def _plain_vectors(folder: Path) -> Vectors:
    index = faiss.read_index(str(folder / "index.faiss"))
    vectors: Vectors = index.reconstruct_n(0, index.ntotal)
    return vectors


_silently: Callable[[str, int, int], None] = lambda stage, done, total: None  # noqa: E731


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--documents", type=Path, default=ROOT / "corpus" / "documents")
    parser.add_argument("--chunks", type=int, default=150, help="about how many are built")
    parser.add_argument("--corpus", type=int, default=300, help="documents of the updated corpus")
    parser.add_argument("--model", type=Path, default=ROOT / "inference" / "model")
    parser.add_argument("--data", type=Path, help="a folder in BEIR layout, for nDCG")
    parser.add_argument("--documents-judged", type=int, default=600, help="of --data, at most")
    return parser


if __name__ == "__main__":
    sys.exit(run("index", __doc__, measure, _parser()))
