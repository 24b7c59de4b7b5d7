"""How documents should be cut: the same questions and retrieval over bundles that differ in their
chunks alone.

Run as ``make bench-chunking DATA=path/to/squad_passages``: the shipped documents, and articles put
together again from the passages of a BEIR folder whose queries carry ``answers``. A chunk is
relevant if it holds the answer whole, at a gold place; characters that a model is shown twice count
once against the budget.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.chunkings import (
    Cut,
    Shown,
    by_sentence,
    fixed,
    itself,
    ours,
    recursive,
    with_neighbours,
)
from benchmarks.eval_groups import CONTEXT_BUDGET
from benchmarks.eval_metrics import hit, interval, ndcg, paired
from benchmarks.eval_report import write
from benchmarks.eval_sets import BadData, read_beir, read_records
from benchmarks.kept_vectors import ROOT, KeptVectors
from embed.build import build
from embed.chunking import MAX_CHARS, MIN_CHARS, Chunk
from embed.document import Document, Span, TextBuilder
from embed.engine import LocalEngine
from embed.holdings import Repeats, held_of
from embed.sources import find_sources, load_source
from inference.retrieval.faiss_retriever import FaissRetriever

ARTICLES = 48
"""Articles of SQuAD's development set, of which squad_passages has the passages."""

SEARCHED = 40
CHOSEN = f"ours {MAX_CHARS}"
Strategies = Mapping[str, tuple[Cut, Shown]]


def strategies() -> Strategies:
    """What stands side by side, by name.

    Raises:
        ImportError: langchain-text-splitters is not installed.
    """
    return {
        CHOSEN: (ours(MAX_CHARS, MIN_CHARS), itself),
        f"ours {MAX_CHARS}, openings apart": (ours(MAX_CHARS, 0), itself),
        f"ours {MAX_CHARS}, openings < 200": (ours(MAX_CHARS, 200), itself),
        "ours 500": (ours(500, MIN_CHARS), itself),
        "ours 1400": (ours(1400, MIN_CHARS), itself),
        "recursive 500/100": (recursive(500, 100), itself),
        "recursive 900/0": (recursive(900, 0), itself),
        "fixed 500": (fixed(500), itself),
        "fixed 900": (fixed(900), itself),
        "sentence window": (by_sentence, with_neighbours),
    }


@dataclass(frozen=True)
class Asked:
    """A question and the places of its answer, by document path."""

    key: str
    text: str
    groups: frozenset[str]
    places: Mapping[str, Sequence[Span]]


@dataclass(frozen=True)
class Measured:
    """What one way of cutting gives, per question; higher is better."""

    chunks: int
    values: Mapping[str, Mapping[str, float]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a BEIR folder whose queries carry answers")
    parser.add_argument("--articles", type=int, default=ARTICLES, help="how many to take")
    parser.add_argument("--vectors", type=Path, help="keep embeddings here (.npz)")
    parser.add_argument("--json", type=Path, default=ROOT / "benchmarks/results/chunking.json")
    arguments = parser.parse_args()
    vectors = KeptVectors(arguments.vectors)
    try:
        compared = strategies()
        sets = {"shipped": shipped()}
        if arguments.data is None:
            print("skipped: squad_passages. Give its folder: DATA=path/to/squad_passages")
        else:
            sets[arguments.data.resolve().name] = articles(
                arguments.data, vectors, arguments.articles
            )
    except BadData as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except ImportError as error:
        print(f"error: {error}. Install what benchmarks compare with: make install")
        return 2
    result: dict[str, object] = {"budget_chars": CONTEXT_BUDGET}
    for name, (documents, asked) in sets.items():
        measured = {}
        for label, (cut, shown) in compared.items():
            measured[label] = measure(documents, asked, cut, shown, vectors)
            vectors.save()
            print(f"{name}: {label} done", file=sys.stderr)
        print(_table(name, len(documents), len(asked), measured))
        result[name] = [_as_json(label, found) for label, found in measured.items()]
    write(arguments.json, result)
    return 0


def shipped() -> tuple[list[Document], list[Asked]]:
    """The sample corpus with the questions that one of its documents answers."""
    documents = [load_source(s) for s in find_sources([ROOT / "corpus" / "documents"])]
    texts = {document.path: document.text for document in documents}
    asked = []
    for record in read_records(ROOT / "corpus" / "questions.jsonl"):
        if record["span"] is None or record["kind"] == "follow_up":
            continue
        spans = _places(texts[record["document"]], record["span"])
        places = {
            record["document"]: [
                (start + a, start + b)
                for start, end in spans
                for a, b in _places(texts[record["document"]][start:end], record["answer"])
            ]
        }
        for other in record.get("also", []):
            places[other] = _places(texts[other], record["answer"])
        groups = frozenset(record.get("groups", ["public"]))
        asked.append(Asked(record["id"], record["question"], groups, places))
    return documents, asked


def articles(folder: Path, vectors: KeptVectors, count: int) -> tuple[list[Document], list[Asked]]:
    """The passages of ``folder`` joined to documents, with the questions that carry answers.

    The folder does not say which passages are of one article, so they are grouped by meaning: the
    spherical k-means of their vectors, which needs no more than that neighbours share a subject.
    """
    found = read_beir(folder, "test")
    texts = [text for _, _, text in found.passages]
    label = _kmeans(vectors.embed(texts), ARTICLES)
    documents: list[Document] = []
    at: dict[int, tuple[str, int]] = {}
    for article in range(min(count, ARTICLES)):
        builder = TextBuilder()
        path = f"{article:02}.txt"
        inside = [n for n in range(len(texts)) if label[n] == article]
        for number in inside:
            builder.paragraph(texts[number])
        text, blocks = builder.finish()
        at |= {n: (path, block.start) for n, block in zip(inside, blocks, strict=True)}
        documents.append(Document(path, "", text, blocks))
    held = {document.path: document.text for document in documents}
    asked = []
    for question in found.asked:
        places: dict[str, list[Span]] = {}
        for number in question.grades:
            if number in at and question.answers:
                path, start = at[number]
                passage = held[path][start : start + len(" ".join(texts[number].split()))]
                places[path] = [
                    (start + a, start + b)
                    for answer in question.answers
                    for a, b in _places(passage, answer)
                ]
        if any(places.values()):
            asked.append(Asked(question.id, question.text, frozenset({"public"}), places))
    return documents, asked


def measure(
    documents: Sequence[Document],
    asked: Sequence[Asked],
    cut: Cut,
    shown: Shown,
    vectors: KeptVectors,
) -> Measured:
    """Build a bundle of the documents so cut, and ask every question of it."""
    repeats = Repeats()
    holdings = [
        repeats.without(held_of(document, default_groups=["public"], cut=cut))
        for document in sorted(documents, key=lambda document: document.path)
    ]
    by_path = {document.path: document for document in documents}
    values: dict[str, dict[str, float]] = {"answer in budget": {}, "recall@4": {}, "nDCG@10": {}}
    with tempfile.TemporaryDirectory() as scratch:
        bundle = Path(scratch) / "index"
        build(holdings, bundle, vectors, engine=LocalEngine(), reuse=False, report=lambda *_: None)
        retriever = FaissRetriever.open(bundle, vectors)
        for question, vector in zip(
            asked, vectors.embed([item.text for item in asked]), strict=True
        ):
            found = retriever.retrieve(question.text, vector, k=SEARCHED, groups=question.groups)
            chunks = [
                (by_path[p.document], Chunk(p.start, p.end, "", p.section, p.page)) for p in found
            ]
            spans = [(document.path, shown(document, chunk)) for document, chunk in chunks]
            relevant = sum(
                _covers(question, held.record.path, (chunk.start, chunk.end))
                for held in holdings
                for chunk in held.chunks
            )
            hits = [
                number
                for number, (document, chunk) in enumerate(chunks)
                if _covers(question, document.path, (chunk.start, chunk.end))
            ]
            grades = dict.fromkeys([*hits, *range(-1, len(hits) - relevant - 1, -1)], 1)
            order = range(len(chunks))
            values["answer in budget"][question.key] = float(_in_budget(question, spans))
            values["recall@4"][question.key] = hit(order, grades, 4)
            values["nDCG@10"][question.key] = ndcg(order, grades)
    return Measured(sum(len(held.chunks) for held in holdings), values)


def _covers(question: Asked, path: str, span: Span) -> bool:
    return any(span[0] <= a and b <= span[1] for a, b in question.places.get(path, ()))


def _in_budget(question: Asked, spans: Sequence[tuple[str, Span]]) -> bool:
    """Whether the answer stands in the first ``CONTEXT_BUDGET`` characters that are shown."""
    left = CONTEXT_BUDGET
    seen: dict[str, list[Span]] = {}
    for path, (start, end) in spans:
        new = [n for n in range(start, end) if not any(a <= n < b for a, b in seen.get(path, ()))]
        if len(new) > left:
            end = new[left - 1] + 1 if left else start
        left -= min(left, len(new))
        seen.setdefault(path, []).append((start, end))
        if _covers(question, path, (start, end)):
            return True
        if not left:
            break
    return False


def _places(text: str, needle: str) -> list[Span]:
    """Where ``needle`` stands in ``text``, whatever the white space."""
    pattern = r"\s+".join(re.escape(word) for word in needle.split())
    return [match.span() for match in re.finditer(pattern, text)]


def _kmeans(rows: np.ndarray[tuple[int, int], np.dtype[np.float32]], count: int) -> list[int]:
    """Spherical k-means, begun with rows that lie far apart; no randomness."""
    chosen = [0]
    nearest = rows @ rows[0]
    for _ in range(count - 1):
        chosen.append(int(np.argmin(nearest)))
        nearest = np.maximum(nearest, rows @ rows[chosen[-1]])
    centres = rows[chosen]
    label = np.argmax(rows @ centres.T, axis=1)
    for _ in range(30):
        for number in range(count):
            inside = rows[label == number]
            if len(inside):
                mean = inside.sum(axis=0)
                centres[number] = mean / np.linalg.norm(mean)
        label = np.argmax(rows @ centres.T, axis=1)
    return [int(number) for number in label]


def _table(name: str, documents: int, asked: int, measured: Mapping[str, Measured]) -> str:
    metrics = list(measured[CHOSEN].values)
    lines = [
        f"\n### {name}: {documents} documents, {asked} questions, "
        f"budget {CONTEXT_BUDGET} characters\n",
        f"| | chunks | {' | '.join(metrics)} | {CHOSEN} - this: {metrics[0]} |",
        "|" + "---|" * (len(metrics) + 3),
    ]
    for label, found in measured.items():
        cells = []
        for metric in metrics:
            mean = interval(list(found.values[metric].values()))
            cells.append(f"{mean.mean:.3f} [{mean.low:.3f}, {mean.high:.3f}]")
        gap = paired(measured[CHOSEN].values[metrics[0]], found.values[metrics[0]])
        against = "" if label == CHOSEN else f"{gap.mean:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]"
        lines.append(f"| {label} | {found.chunks} | {' | '.join(cells)} | {against} |")
    return "\n".join(lines)


def _as_json(label: str, found: Measured) -> dict[str, object]:
    means = {k: round(float(np.mean(list(v.values()))), 4) for k, v in found.values.items()}
    return {"strategy": label, "chunks": found.chunks, **means}


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
