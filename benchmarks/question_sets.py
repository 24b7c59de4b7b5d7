"""Questions with their retrieved passages: the shipped ones, and folders in BEIR layout."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from benchmarks.kept_vectors import ROOT, KeptVectors
from embed.bundle_writer import write_lexical
from inference.faiss_retriever import FaissRetriever
from inference.fusion import min_max_fusion
from inference.lexical_index import LexicalIndex
from inference.ports import Passage
from inference.words import Analyser

QUESTIONS = ROOT / "corpus" / "questions.jsonl"
INDEX = ROOT / "faiss_index"
DEPTH = 100
PASSAGES = 6
"""As served: the default of RETRIEVED_PASSAGES."""


class Asked(Struct, frozen=True):
    """A question, what answers it (any of ``answers``; none: unanswerable), and what was found.

    ``gold`` names the passage or document that holds the answer.
    """

    key: str
    kind: str
    text: str
    answers: list[str]
    gold: str | None
    passages: list[Passage]


def shipped(vectors: KeptVectors, *, k: int = PASSAGES) -> list[Asked]:
    """The shipped questions that stand alone, asked of the shipped index."""
    rows = [row for row in _lines(QUESTIONS) if row["kind"] != "follow_up"]
    found = ask_index([row["question"] for row in rows], vectors, k=k)
    return [
        Asked(
            row["id"],
            row["kind"],
            row["question"],
            [row["answer"]] if row["answer"] else [],
            row["document"],
            passages,
        )
        for row, passages in zip(rows, found, strict=True)
    ]


def ask_index(
    questions: list[str], vectors: KeptVectors, *, k: int = PASSAGES
) -> list[list[Passage]]:
    """What the shipped index finds for each question."""
    retriever = FaissRetriever.open(INDEX, vectors)
    return [
        retriever.retrieve(text, vector, k=k, groups=frozenset({"public"}))
        for text, vector in zip(questions, vectors.embed(questions), strict=True)
    ]


def beir(folder: Path, vectors: KeptVectors, *, k: int = PASSAGES) -> list[Asked]:
    """The questions of ``folder`` that carry answers; every passage is one chunk.

    ``folder`` holds ``corpus.jsonl``, ``queries.jsonl`` (with ``answers``) and ``qrels.tsv``.
    """
    corpus = {row["_id"]: row for row in _lines(folder / "corpus.jsonl")}
    lines = (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]
    gold = dict(line.split("\t")[:2] for line in lines)
    asked = {r["_id"]: r for r in _lines(folder / "queries.jsonl") if r.get("answers")}
    found = _search(corpus, {key: row["text"] for key, row in asked.items()}, vectors, k)
    return [
        Asked(key, "answerable", row["text"], row["answers"], gold.get(key), found[key])
        for key, row in asked.items()
    ]


def questions_of(path: Path) -> list[str]:
    """The questions of a BEIR folder, or of a CSV whose first column is the text."""
    if path.is_dir() and (path / "queries.jsonl").is_file():
        return [row["text"] for row in _lines(path / "queries.jsonl")]
    import csv

    file = path / "test.csv" if path.is_dir() else path
    with file.open(encoding="utf-8", newline="") as opened:
        return [row[0] for row in csv.reader(opened)][1:]


def _search(
    corpus: Mapping[str, dict[str, Any]], asked: Mapping[str, str], vectors: KeptVectors, k: int
) -> dict[str, list[Passage]]:
    names = list(corpus)
    texts = [f"{row.get('title', '')}. {row['text']}" for row in corpus.values()]
    dense = vectors.embed(texts)
    found: dict[str, list[Passage]] = {}
    words = Analyser().words
    with tempfile.TemporaryDirectory() as scratch:
        write_lexical(Path(scratch) / "lexical", [words(text) for text in texts])
        lexical = LexicalIndex(Path(scratch) / "lexical", chunks=len(texts))
        for (key, text), vector in zip(
            asked.items(), vectors.embed(list(asked.values())), strict=True
        ):
            near, bm25 = dense @ vector, lexical.scores(words(text))
            union = np.union1d(np.argsort(-near)[:DEPTH], np.argsort(-bm25)[:DEPTH])
            fused = min_max_fusion(near[union], bm25[union])
            best = np.lexsort((union, -fused))[:k]
            found[key] = [
                Passage(
                    chunk_id=names[union[i]],
                    document=names[union[i]],
                    title=corpus[names[union[i]]].get("title", ""),
                    text=corpus[names[union[i]]]["text"],
                    start=0,
                    end=len(corpus[names[union[i]]]["text"]),
                    score=float(fused[i]),
                    dense=float(near[union[i]]),
                    lexical=float(bm25[union[i]]) or None,
                )
                for i in best
            ]
    return found


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]
