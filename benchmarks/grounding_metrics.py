"""Metric groups of ``make eval`` for citations and abstention.

Answers are those of the extractive model over the passages that are served, so that no language
model and no key is needed; citations are resolved and checked by the code that serves.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from benchmarks.eval_groups import Row
from benchmarks.eval_rankings import OURS, PASSAGES, Opened
from benchmarks.eval_sets import Asked, folded
from copilot.wire import Citation, Flag
from inference.grounding.citations import MarkerFilter, resolve
from inference.grounding.evidence import is_enough
from inference.grounding.support import flags_of

ANSWERED, WEIGHED = 100, 500
"""How many questions of a BEIR folder are answered, and weighed for abstention: what they cost."""

_PUBLIC = frozenset({"public"})


class Answered(Struct, frozen=True):
    """What a question was answered with."""

    citations: list[Citation]
    flags: list[Flag]


def citations(held: Opened) -> list[Row]:
    """Per answered question: the share of citations into a document that answers (precision),
    whether a quoted sentence holds the answer (recall), the share of unflagged citations.

    In a BEIR folder the judged passages answer, and ``ANSWERED`` questions stand for all.
    """
    asked = [a for a in held.set.asked if a.answers or held.set.by_document]
    asked = _sample(asked, ANSWERED if held.set.by_document else len(asked))
    answered = {a.id: _answered(held, a) for a in asked}
    paths = held.store.documents
    right = {
        a.id: {paths[n].path for n in (a.grades if held.set.by_document else a.answer_documents)}
        for a in asked
    }
    measured = {
        "precision (document answers)": {
            key: _share([c.document in right[key] for c in found.citations])
            for key, found in answered.items()
        },
        "recall (answer in a quote)": {
            a.id: float(any(_holds(c, a, right[a.id]) for c in answered[a.id].citations))
            for a in asked
            if a.answers
        },
        "not flagged": {
            key: 1.0 - min(1.0, len(found.flags) / max(1, len(found.citations)))
            for key, found in answered.items()
        },
    }
    return [Row("citations", OURS, metric, values) for metric, values in measured.items() if values]


def abstention(held: Opened) -> list[Row]:
    """Precision: of the questions that are refused, those without an answer. Recall: of the
    questions without an answer, those refused. And of those with one, those not refused.

    In a BEIR folder a question without an answer is one whose judged passages are taken away, and
    ``WEIGHED`` questions stand for all.
    """
    if held.set.by_document:
        asked = _sample(held.set.asked, WEIGHED)
        refused = {f"{a.id} hidden": _is_refused_without(held, a) for a in asked}
        kind = "passages hidden"
    else:
        asked = held.set.asked
        refused = {
            record["id"]: _is_refused(held, record["question"], _PUBLIC)
            for record in held.set.records
            if record["span"] is None and record["kind"] != "follow_up"
        }
        kind = "in the domain"
    if not refused:
        return []
    wrongly = {a.id: _is_refused(held, a.text, a.groups) for a in asked}
    precision = {key: 1.0 for key, is_refused in refused.items() if is_refused}
    precision |= {key: 0.0 for key, is_refused in wrongly.items() if is_refused}
    measured: dict[str, Mapping[str, float]] = {
        f"recall ({kind})": {key: float(value) for key, value in refused.items()},
        "answerable not refused": {key: 1.0 - value for key, value in wrongly.items()},
    }
    if precision:
        measured["precision"] = precision
    return [Row("abstention", OURS, metric, values) for metric, values in measured.items()]


def _sample(asked: list[Asked], most: int) -> list[Asked]:
    """At most ``most`` questions, evenly spaced, so that it is the same ones every time."""
    return asked[:: -(-len(asked) // most)] if len(asked) > most else asked


def _answered(held: Opened, asked: Asked) -> Answered:
    said, passages = held.answered(asked.text, asked.groups)
    markers = MarkerFilter(len(passages))
    text = markers.feed(said) + markers.finish()
    return Answered(
        list(resolve(text, markers.marks, passages)), flags_of(text, markers.marks, passages)
    )


def _is_refused(held: Opened, text: str, groups: frozenset[str]) -> bool:
    return not is_enough(text, held.passages(text, groups))


def _is_refused_without(held: Opened, asked: Asked) -> bool:
    hidden = {held.store.documents[number].path for number in asked.grades}
    found = held.passages(asked.text, asked.groups, k=PASSAGES + len(hidden))
    return not is_enough(asked.text, [p for p in found if p.document not in hidden][:PASSAGES])


def _holds(citation: Citation, asked: Asked, documents: set[str]) -> bool:
    said = folded(citation.quote)
    return citation.document in documents and any(found in said for found in asked.answers)


def _share(found: list[bool]) -> float:
    return sum(found) / len(found) if found else 0.0
