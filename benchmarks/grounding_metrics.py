"""Metric groups of ``make eval`` for citations and abstention, on the shipped questions.

Answers are those of the extractive model over the passages that are served, so that no language
model and no key is needed; citations are resolved and checked by the code that serves.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from benchmarks.eval_groups import Row
from benchmarks.eval_rankings import OURS, Opened
from benchmarks.eval_sets import Asked, folded
from benchmarks.question_sets import PASSAGES
from copilot.wire import Citation, Flag
from inference.citations import MarkerFilter, resolve
from inference.evidence import is_enough
from inference.extractive_model import answer, by_meaning
from inference.grounding import flags_of
from inference.ports import Passage

_PUBLIC = frozenset({"public"})


class Answered(Struct, frozen=True):
    """What a question was answered with."""

    citations: list[Citation]
    flags: list[Flag]


def citations(held: Opened) -> list[Row]:
    """Per answered question: the share of citations into a document that answers (precision),
    whether a quoted sentence holds the answer (recall), the share of unflagged citations."""
    if held.set.by_document:
        return []
    asked = [a for a in held.set.asked if a.answers]
    answered = {a.id: _answered(held, a) for a in asked}
    paths = held.store.documents
    right = {a.id: {paths[n].path for n in a.answer_documents} for a in asked}
    measured = {
        "precision (document answers)": {
            key: _share([c.document in right[key] for c in found.citations])
            for key, found in answered.items()
        },
        "recall (answer in a quote)": {
            a.id: float(any(_holds(c, a, right[a.id]) for c in answered[a.id].citations))
            for a in asked
        },
        "not flagged": {
            key: 1.0 - min(1.0, len(found.flags) / max(1, len(found.citations)))
            for key, found in answered.items()
        },
    }
    return [Row("citations", OURS, metric, values) for metric, values in measured.items()]


def abstention(held: Opened) -> list[Row]:
    """Precision: of the questions that are refused, those without an answer. Recall: of the
    questions without an answer, those refused. And of those with one, those not refused."""
    if held.set.by_document:
        return []
    unanswerable = {
        record["id"]: record["question"]
        for record in held.set.records
        if record["span"] is None and record["kind"] != "follow_up"
    }
    if not unanswerable:
        return []
    refused = {key: _is_refused(held, text, _PUBLIC) for key, text in unanswerable.items()}
    wrongly = {a.id: _is_refused(held, a.text, a.groups) for a in held.set.asked}
    precision = {key: 1.0 for key, is_refused in refused.items() if is_refused}
    precision |= {key: 0.0 for key, is_refused in wrongly.items() if is_refused}
    measured: dict[str, Mapping[str, float]] = {
        "recall (in the domain)": {key: float(value) for key, value in refused.items()},
        "answerable not refused": {key: 1.0 - value for key, value in wrongly.items()},
    }
    if precision:
        measured["precision"] = precision
    return [Row("abstention", OURS, metric, values) for metric, values in measured.items()]


def _answered(held: Opened, asked: Asked) -> Answered:
    passages = _passages(held, asked.text, asked.groups)
    markers = MarkerFilter(len(passages))
    said = answer(asked.text, passages, by_meaning(asked.text, held.embedder))
    text = markers.feed(said) + markers.finish()
    return Answered(resolve(text, markers.marks, passages), flags_of(text, markers.marks, passages))


def _is_refused(held: Opened, text: str, groups: frozenset[str]) -> bool:
    return not is_enough(text, _passages(held, text, groups))


def _passages(held: Opened, text: str, groups: frozenset[str]) -> list[Passage]:
    vector = held.embedder.embed([text])[0]
    return held.retriever.retrieve(text, vector, k=PASSAGES, groups=groups)


def _holds(citation: Citation, asked: Asked, documents: set[str]) -> bool:
    said = folded(citation.quote)
    return citation.document in documents and any(found in said for found in asked.answers)


def _share(found: list[bool]) -> float:
    return sum(found) / len(found) if found else 0.0
