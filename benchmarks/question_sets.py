"""Questions with their retrieved passages: the shipped ones, and folders in BEIR layout."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct

from benchmarks.eval_beir import indexed
from benchmarks.eval_sets import read_beir
from benchmarks.kept_vectors import ROOT, KeptVectors
from inference.ports import Passage
from inference.retrieval.faiss_retriever import FaissRetriever

QUESTIONS = ROOT / "corpus" / "questions.jsonl"
INDEX = ROOT / "faiss_index"
BUILT = ROOT / ".local" / "eval"
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


def beir(
    folder: Path, vectors: KeptVectors, *, k: int = PASSAGES, built: Path = BUILT
) -> list[Asked]:
    """The judged questions of ``folder`` that carry answers; every passage is one chunk.

    The folder is indexed and asked as ``make eval`` does it, by the code that serves; ``built``
    keeps the index.
    """
    read = read_beir(folder, "test")
    found = indexed(read, built, vectors.fresh)
    retriever = FaissRetriever.open(found.bundle, vectors)
    answers = {row["_id"]: row.get("answers") or [] for row in read.records}
    asked = [item for item in read.asked if answers[item.id]]
    embedded = vectors.embed([item.text for item in asked])
    return [
        Asked(
            item.id,
            "answerable",
            item.text,
            answers[item.id],
            read.passages[next(iter(item.grades))][0],
            retriever.retrieve(item.text, vector, k=k, groups=item.groups),
        )
        for item, vector in zip(asked, embedded, strict=True)
    ]


def questions_of(path: Path) -> list[str]:
    """The questions of a BEIR folder, or of a CSV whose first column is the text."""
    if path.is_dir() and (path / "queries.jsonl").is_file():
        return [row["text"] for row in _lines(path / "queries.jsonl")]
    import csv

    file = path / "test.csv" if path.is_dir() else path
    with file.open(encoding="utf-8", newline="") as opened:
        return [row[0] for row in csv.reader(opened)][1:]


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]
