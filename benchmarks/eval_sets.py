"""What is asked in an evaluation: the shipped questions, or a folder in BEIR layout, with an index.

Errors say what is wrong with the data and where; nothing is guessed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.retrieval.chunk_store import ChunkStore

Record = dict[str, Any]


class BadData(Exception):
    """The data cannot be evaluated on. The message says why."""


@dataclass(frozen=True)
class Asked:
    """One question. ``grades`` maps relevant units (chunks, or documents of a BEIR folder) to how
    relevant they are; ``answers`` are strings of which one has to be in what a model is given,
    ``answer_documents`` the documents that may say it."""

    id: str
    text: str
    grades: Mapping[int, int]
    groups: frozenset[str] = frozenset({"public"})
    answers: tuple[str, ...] = ()
    answer_documents: frozenset[int] = frozenset()


@dataclass(frozen=True)
class FollowUp:
    """A question that makes sense only after ``earlier``."""

    earlier: str
    asked: Asked


@dataclass(frozen=True)
class EvalSet:
    """Questions over one bundle. ``by_document`` says that units are documents, not chunks;
    ``records`` keeps every line of the question file, for the metric groups of other parts."""

    name: str
    bundle: Path
    asked: list[Asked]
    by_document: bool
    records: list[Record]
    follow_ups: tuple[FollowUp, ...] = ()


def shipped(questions: Path, bundle: Path) -> EvalSet:
    """The shipped questions over the shipped index.

    Follow-ups stand apart: they need their conversation. A gold chunk holds the whole span, or
    (where the span was cut) the answer; documents of ``also`` count where they hold the answer.

    Raises:
        BadData: no questions, malformed ones, or a span that is in no chunk.
    """
    records = read_records(questions)
    store = ChunkStore(bundle)
    chunks: dict[str, list[tuple[int, str]]] = defaultdict(list)
    numbers = {document.path: n for n, document in enumerate(store.documents)}
    for number in range(len(store)):
        chunk = store.chunk(number)
        path = store.documents[chunk.document].path
        chunks[path].append((number, folded(store.text(chunk))))
    asked: list[Asked] = []
    follow_ups: list[FollowUp] = []
    questions_by_id = {record.get("id"): record for record in records}
    for record in records:
        if not {"id", "kind", "question", "document", "span", "answer"} <= record.keys():
            raise BadData(f"{questions}: a question lacks a field: {json.dumps(record)[:200]}")
        if record["span"] is None:
            continue
        question = _shipped_question(record, chunks, numbers)
        if record["kind"] != "follow_up":
            asked.append(question)
        elif record.get("of") in questions_by_id:
            follow_ups.append(FollowUp(questions_by_id[record["of"]]["question"], question))
        else:
            raise BadData(f"Question {record['id']} follows up on none of {questions}.")
    if not asked:
        raise BadData(f"{questions} holds no question with a span: nothing to measure.")
    return EvalSet(
        "shipped", bundle, asked, by_document=False, records=records, follow_ups=tuple(follow_ups)
    )


def _shipped_question(
    record: Record, chunks: Mapping[str, list[tuple[int, str]]], numbers: Mapping[str, int]
) -> Asked:
    span, answer = folded(record["span"]), folded(record["answer"])
    there = chunks.get(record["document"], [])
    gold = [n for n, text in there if span in text] or [n for n, text in there if answer in text]
    also = record.get("also", [])
    gold += [n for name in also for n, text in chunks.get(name, []) if answer in text]
    if not gold:
        raise BadData(
            f"Question {record['id']}: its span is in no chunk of {record['document']}. Is the "
            "index up to date? make index"
        )
    documents = [record["document"], *also]
    return Asked(
        id=record["id"],
        text=record["question"],
        grades=dict.fromkeys(gold, 1),
        groups=frozenset(record.get("groups", ["public"])),
        answers=(answer,),
        answer_documents=frozenset(numbers[name] for name in documents if name in numbers),
    )


@dataclass(frozen=True)
class BeirFolder:
    """A folder in BEIR layout as read: passages in order, and the judged questions."""

    name: str
    passages: list[tuple[str, str, str]]
    """Id, title (may be empty) and text."""
    asked: list[Asked]
    records: list[Record]


def read_beir(folder: Path, split: str) -> BeirFolder:
    """Read ``corpus.jsonl``, ``queries.jsonl`` and ``qrels/SPLIT.tsv`` (or ``qrels.tsv``).

    Raises:
        BadData: a file is missing or malformed, or there is nothing to ask.
    """
    if not folder.is_dir():
        raise BadData(f"{folder} is not a folder. Give one in BEIR layout: make eval DATA=FOLDER")
    passages = [
        (_field(r, "_id", folder), str(r.get("title") or ""), _field(r, "text", folder))
        for r in read_records(folder / "corpus.jsonl")
    ]
    records = read_records(folder / "queries.jsonl")
    questions = {_field(r, "_id", folder): r for r in records}
    numbers = {key: n for n, (key, _, _) in enumerate(passages)}
    grades = _judgements(folder, split, numbers, questions)
    asked = [
        Asked(
            id=key,
            text=_field(questions[key], "text", folder),
            grades=found,
            answers=tuple(folded(a) for a in questions[key].get("answers") or ()),
            answer_documents=frozenset(found),
        )
        for key, found in grades.items()
    ]
    name = folder.resolve().name + ("" if split == "test" else f"-{split}")
    return BeirFolder(name, passages, asked, records)


def _judgements(
    folder: Path, split: str, passages: Mapping[str, int], questions: Mapping[str, Record]
) -> dict[str, dict[int, int]]:
    nested = folder / "qrels" / f"{split}.tsv"
    path = nested if nested.is_file() else folder / "qrels.tsv"
    if not path.is_file():
        raise BadData(f"{folder} is not in BEIR layout: neither {nested.name} in qrels/ nor {path}")
    grades: dict[str, dict[int, int]] = defaultdict(dict)
    for number, line in enumerate(path.read_text("utf-8").splitlines()[1:], start=2):
        columns = line.split("\t")
        if len(columns) < 3 or not columns[2].lstrip("-").isdigit():
            raise BadData(f"{path}:{number}: not question, passage and grade with tabs between")
        question, passage, grade = columns[:3]
        if question not in questions or passage not in passages:
            missing = question if question not in questions else passage
            raise BadData(f"{path}:{number}: {missing!r} is in neither queries nor corpus")
        if int(grade) > 0:
            grades[question][passages[passage]] = int(grade)
    if not grades:
        raise BadData(f"{path} judges no passage relevant: nothing to measure.")
    return dict(grades)


def read_records(path: Path) -> list[Record]:
    """Read a file of one JSON object per line.

    Raises:
        BadData: missing, empty, or a line that is no object.
    """
    if not path.is_file():
        raise BadData(f"{path} is missing.")
    records = list(_objects(path))
    if not records:
        raise BadData(f"{path} is empty: nothing to measure.")
    return records


def _objects(path: Path) -> Iterator[Record]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                raise BadData(f"{path}:{number}: not JSON ({error})") from error
            if not isinstance(record, dict):
                raise BadData(f"{path}:{number}: not an object")
            yield record


def _field(record: Record, name: str, folder: Path) -> str:
    value = record.get(name)
    if not isinstance(value, str):
        raise BadData(f"{folder}: a record has no {name!r}: {json.dumps(record)[:120]}")
    return value


def folded(text: str) -> str:
    """White space made single, as the questions' spans are compared."""
    return " ".join(text.split())
