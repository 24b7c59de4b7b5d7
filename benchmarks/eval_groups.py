"""The metric groups of ``make eval``. To add one, write a function and put it into ``GROUPS``.

A group gets an open set and returns rows: one per system and metric, with a value per question.
A group that does not apply to a set (abstention on a set without unanswerable questions) returns
none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.eval_metrics import hit, ndcg, recall
from benchmarks.eval_rankings import OURS, Opened
from benchmarks.eval_sets import Asked, folded

CONTEXT_BUDGET = 3000
"""Characters of passages that a model is given: about four chunks, or 750 tokens."""


@dataclass(frozen=True)
class Row:
    """One metric of one system. ``values`` are per question, higher is better (a rate of errors is
    given as the rate of its absence). Rows of the system ``ours`` are compared with the committed
    result."""

    group: str
    system: str
    metric: str
    values: Mapping[str, float]


Group = Callable[[Opened], list[Row]]


def retrieval(held: Opened) -> list[Row]:
    """Of the gold chunk (shipped): recall@1/4/6/10. Of BEIR documents: nDCG@10, recall@10/100."""
    measures: dict[str, Callable[[list[int], Mapping[int, int]], float]]
    if held.set.by_document:
        measures = {
            "nDCG@10": ndcg,
            "recall@10": lambda found, gold: recall(found, gold, 10),
            "recall@100": lambda found, gold: recall(found, gold, 100),
        }
    else:
        measures = {
            "recall@1": lambda found, gold: hit(found, gold, 1),
            "recall@4": lambda found, gold: hit(found, gold, 4),
            "recall@6": lambda found, gold: hit(found, gold, 6),
            "recall@10": lambda found, gold: hit(found, gold, 10),
            "nDCG@10": ndcg,
        }
    return [
        Row(
            "retrieval",
            system,
            metric,
            {a.id: measure(_units(held, found[a.id]), a.grades) for a in held.set.asked},
        )
        for metric, measure in measures.items()
        for system, found in held.rankings.items()
    ]


def answer_spans(held: Opened) -> list[Row]:
    """Whether the answer stands in the first passages that fit the context budget, whole or cut."""
    asked = [a for a in held.set.asked if a.answers]
    if not asked:
        return []
    metric = f"answer in {CONTEXT_BUDGET} characters"
    return [
        Row("answer span", system, metric, {a.id: _holds(held, a, found[a.id]) for a in asked})
        for system, found in held.rankings.items()
    ]


GROUPS: list[Group] = [retrieval, answer_spans]


def _units(held: Opened, chunks: list[int]) -> list[int]:
    if not held.set.by_document:
        return chunks
    return list(dict.fromkeys(held.store.chunk(number).document for number in chunks))


def _holds(held: Opened, asked: Asked, chunks: list[int]) -> float:
    left = CONTEXT_BUDGET
    for number in chunks:
        chunk = held.store.chunk(number)
        text = held.store.text(chunk)[:left]
        left -= len(text)
        said = folded(text)
        if chunk.document in asked.answer_documents and any(a in said for a in asked.answers):
            return 1.0
        if left <= 0:
            break
    return 0.0


def ours(rows: list[Row]) -> dict[str, Mapping[str, float]]:
    """The rows of the system as served, by group and metric."""
    return {f"{row.group}: {row.metric}": row.values for row in rows if row.system == OURS}
