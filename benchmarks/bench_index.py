"""Building an index: chunks a second, and what a change costs.

Both designs embed the same chunks with the same weights on all cores, in turns, model loaded and
modules imported; ours writes its lexical index besides. By default ours also embeds windows of a
few sentences of every long chunk, which plain does not have: so it is built without them too, for
the same vectors as plain's; and again without them in int8 (``--precision int8``), whose equal
nDCG ``benchmarks.bench_precision`` shows. That all find the same is shown by the cosine between
their vectors of a chunk, and with ``--data FOLDER`` (BEIR layout) by nDCG@10 of dense search over
judged documents.

Memory is that of a build of made-up documents in a process of its own, highest value of fifty a
second, above what it had with everything imported, and without the pages of mapped files. Its
embedder hashes words: a model would take an hour, and its memory does not depend on the corpus.
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
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.eval_metrics import ndcg
from benchmarks.index_memory import WORDS as WORDS_EACH
from benchmarks.index_memory import Peaks, peaks
from benchmarks.plain_environment import build as build_plain
from benchmarks.plain_environment import python, write_chunks
from benchmarks.report import Budget, Measure, Result, Skipped, Table, alternate, run
from embed.build import Outcome, build
from embed.embedded import WORDING, Wording
from embed.engine import LocalEngine
from embed.holdings import Held
from embed.precision import open_embedder
from embed.reading import Reading
from embed.sources import find_sources
from inference.encoders.onnx_embedder import OnnxEmbedder

ROOT = Path(__file__).resolve().parents[1]
OURS, BARE, PLAIN = "ours", "ours without windows", "plain"
FAST = "ours without windows, int8"
CHANGES = (0, 10, 100)
SIZES = (10_000, 100_000)
WORDS = ("tariff", "charge", "meter", "grid", "outage", "winter", "demand", "storage")

ENGINE = LocalEngine(os.cpu_count() or 1)
STAGES = {
    "Reading": "highest while reading and cutting",
    "Embedding": "highest while embedding",
    "Words": "highest while indexing words",
    "Writing": "highest while indexing vectors",
}
WITHOUT_WINDOWS = Wording(whole=WORDING.whole, windows=lambda text, lead: [])

Vectors = NDArray[np.float32]


def measure(arguments: argparse.Namespace) -> Result:
    """Both builds in turns, the agreement of what they find, and updates of a larger corpus."""
    python()
    embedder = OnnxEmbedder(arguments.model)
    fast = open_embedder(arguments.model, "int8")
    documents = first_documents(arguments.documents, arguments.chunks)
    texts = [(held.text[c.start : c.end], c.lead) for held in documents for c in held.chunks]
    titles = [held.record.title for held in documents for _ in held.chunks]
    embedded = [WORDING.whole(*text) for text in texts]
    windows = sum(len(WORDING.windows(*text)) for text in texts)
    runs = max(1, arguments.runs)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        chunks = folder / "chunks.jsonl"
        write_chunks(chunks, zip(titles, embedded, strict=True))
        number = itertools.count()
        seconds = alternate(
            runs,
            {
                OURS: lambda: _timed(documents, folder / f"ours-{next(number)}", embedder),
                BARE: lambda: _timed(
                    documents, folder / f"ours-{next(number)}", embedder, WITHOUT_WINDOWS
                ),
                FAST: lambda: _timed(
                    documents, folder / f"ours-{next(number)}", fast, WITHOUT_WINDOWS
                ),
                PLAIN: lambda: build_plain(chunks, folder / "plain")["build_s"],
            },
        )
        theirs = _plain_vectors(folder / "plain")
        agreements = [
            Measure(what=f"lowest cosine with plain's vectors, {name}", unit="", ours=[lowest])
            for name, lowest in (
                ("fp32", _agreement(embedded, embedder, theirs)),
                ("int8", _agreement(embedded, fast, theirs)),
            )
        ]
        changed = updates(folder / "updated", embedder, arguments.corpus)
        sizes = [(size, peaks(size, folder / f"memory-{size}")) for size in sorted(arguments.sizes)]
    count = len(embedded)
    same = _rate("chunks a second, the same vectors", count, seconds[BARE], seconds[PLAIN])
    reduced = _rate("chunks a second, int8", count, seconds[FAST], seconds[PLAIN])
    rows = [
        same,
        reduced,
        _rate("chunks a second, with windows besides", count, seconds[OURS], seconds[PLAIN]),
    ]
    quality = agreements
    if arguments.data:
        quality += found_by_both(arguments.data, embedder, fast, arguments.documents_judged)
    growths, budgets = growth(sizes)
    return Result(
        title="Building an index",
        runs=runs,
        tables=[
            Table(
                title="A build from nothing",
                rows=rows,
                about=f"{count} chunks; with windows, ours embeds {windows} texts besides.",
            ),
            Table(title="The same is found", rows=quality),
            Table(
                title="An update of a corpus",
                about=f"{arguments.corpus} documents of one chunk each; wall time of an update "
                "after that many documents changed, one run.",
                rows=changed,
            ),
            *memory(sizes),
            *growths,
        ],
        bound="forward passes of the embedding model on all cores",
        budgets=[Budget.of_plain(reduced, 1.5, side="at least"), *budgets],
    )


def first_documents(folder: Path, chunks: int) -> list[Held]:
    """The first documents of ``folder`` that have no more than so many chunks together."""
    found: list[Held] = []
    for held in Reading(find_sources([folder]), ENGINE, default_groups=["public"]):
        chunks -= len(held.chunks)
        if found and chunks < 0:
            break
        found.append(held)
    return found


def updates(folder: Path, embedder: OnnxEmbedder, corpus: int) -> list[Measure]:
    """A build of ``corpus`` documents, then updates after some of them changed."""
    source, out = folder / "documents", folder / "bundle"
    source.mkdir(parents=True)
    random = np.random.default_rng(6)

    def write(number: int) -> None:
        words = random.choice(WORDS, size=20)
        (source / f"{number:05d}.md").write_text(f"# Note {number}\n\n{' '.join(words)}.\n")

    for number in range(corpus):
        write(number)
    whole, _ = _update(source, out, embedder, reuse=False)
    rows = [Measure(what="built from nothing", unit="s", ours=[whole])]
    for changed in CHANGES:
        if changed > corpus:
            continue
        for number in range(changed):
            write(number)
        taken, outcome = _update(source, out, embedder, reuse=True)
        what = f"{changed} of {corpus} changed, {outcome.embedded} chunks embedded"
        rows.append(Measure(what=what, unit="s", ours=[taken]))
        rows.append(Measure(what=f"{what}: part of a build", unit="", ours=[taken / whole]))
    return rows


def memory(sizes: Sequence[tuple[int, Peaks]]) -> list[Table]:
    """What builds of these sizes held at most, and how it grows with the texts."""
    rows = []
    for size, found in sizes:
        what = f"{size:,} chunks"
        rows += [
            Measure(what=f"{what}: their texts", unit="MB", ours=[found.text_mb]),
            *(
                Measure(what=f"{what}: {STAGES[stage]}", unit="MB", ours=[peak])
                for stage, peak in found.stages_mb.items()
                if stage in STAGES
            ),
            Measure(what=f"{what}: time, hashed words", unit="s", ours=[found.seconds]),
        ]
    about = "One build of each size; what is taken by the process itself, without mapped files."
    return [Table(title="Memory of a build", rows=rows, about=about)] if rows else []


def growth(sizes: Sequence[tuple[int, Peaks]]) -> tuple[list[Table], list[Budget]]:
    """How many times the memory of the largest build is that of the smallest, and its budget.

    The vector index is apart: a graph, which there is beyond 50,000 chunks, holds all vectors.
    """
    if len(sizes) < 2:
        return [], []
    (_, small), (_, large) = sizes[0], sizes[-1]
    texts = Measure(what="texts", unit="x", ours=[large.text_mb / small.text_mb])
    before = Measure(
        what="memory before the vector index",
        unit="x",
        ours=[large.most("Writing") / small.most("Writing")],
    )
    whole = Measure(what="memory", unit="x", ours=[large.most() / small.most()])
    table = Table(title="From the smallest to the largest build", rows=[texts, before, whole])
    return [table], [Budget.of_median(before, texts.median / 3)]


def found_by_both(
    data: Path, embedder: OnnxEmbedder, fast: OnnxEmbedder, most: int
) -> list[Measure]:
    """nDCG@10 of exact dense search with the vectors of each design; questions are fp32."""
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
    reduced = np.vstack([fast.embed(everything[: len(kept)]), ours[len(kept) :]])
    position = {document: number for number, document in enumerate(kept)}

    def score(vectors: Vectors) -> float:
        ranked = np.argsort(-(vectors[len(kept) :] @ vectors[: len(kept)].T), axis=1)[:, :10]
        found = [
            ndcg(row.tolist(), {position[d]: g for d, g in judged[query].items()}, 10)
            for query, row in zip(asked, ranked, strict=True)
        ]
        return float(np.mean(found))

    what = f"nDCG@10, dense, {data.name}, {len(kept)} documents, {len(asked)} questions"
    return [
        Measure(what=f"{what}, {name}", unit="", ours=[score(vectors)], plain=[score(theirs)])
        for name, vectors in (("fp32", ours), ("int8", reduced))
    ]


def _timed(
    documents: Sequence[Held], out: Path, embedder: OnnxEmbedder, wording: Wording = WORDING
) -> float:
    began = time.monotonic()
    build(documents, out, embedder, engine=ENGINE, reuse=False, report=_silently, wording=wording)
    return time.monotonic() - began


def _update(
    source: Path, out: Path, embedder: OnnxEmbedder, *, reuse: bool
) -> tuple[float, Outcome]:
    began = time.monotonic()
    reading = Reading(find_sources([source]), ENGINE, default_groups=["public"])
    outcome = build(reading, out, embedder, engine=ENGINE, reuse=reuse, report=_silently)
    return time.monotonic() - began, outcome


def _rate(what: str, chunks: int, ours: Sequence[float], plain: Sequence[float]) -> Measure:
    return Measure(
        what=what,
        unit="/s",
        ours=[chunks / taken for taken in ours],
        plain=[chunks / taken for taken in plain],
    )


def _agreement(embedded: Sequence[str], embedder: OnnxEmbedder, theirs: Vectors) -> float:
    ours = embedder.embed(embedded)
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
    parser.add_argument("--corpus", type=int, default=1000, help="documents of the updated corpus")
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=list(SIZES), help="chunks of the memory's builds"
    )
    parser.add_argument("--words", type=int, default=WORDS_EACH, help="in each chunk of those")
    parser.add_argument("--model", type=Path, default=ROOT / "inference" / "model")
    parser.add_argument("--data", type=Path, help="a folder in BEIR layout, for nDCG")
    parser.add_argument("--documents-judged", type=int, default=600, help="of --data, at most")
    return parser


if __name__ == "__main__":
    sys.exit(run("index", __doc__, measure, _parser()))
