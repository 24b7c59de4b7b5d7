"""The groups of ``make eval`` that measure answers and conversations, on a few passages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.conversation_metrics import cache, follow_ups
from benchmarks.eval_beir import indexed
from benchmarks.eval_groups import Row
from benchmarks.eval_rankings import Opened, opened
from benchmarks.eval_sets import Asked, EvalSet, FollowUp, Record, read_beir
from benchmarks.grounding_metrics import ANSWERED, abstention, citations
from tests.fakes import FakeEmbedder

FEE_2022 = "What was the berth fee of Port Aldane in 2022?"
FEE_2023 = "What was the berth fee of Port Aldane in 2023?"
PASSAGES = [
    *(f"And in 2023? In 2023 month {month} was mild." for month in range(1, 9)),
    "The berth fee of Port Aldane in 2022 was 640 EUR for each call of a ship.",
    "The berth fee of Port Aldane in 2023 was 700 EUR for each call of a ship.",
    "Rotor blades of turbine T07 carry lightning receptors made of copper.",
]
IN_2022, IN_2023, BLADES = range(8, 11)


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> EvalSet:
    """A folder in BEIR layout, indexed: passage ``n`` is document and chunk ``n``."""
    folder = tmp_path_factory.mktemp("beir") / "harbour"
    folder.mkdir()
    queries = {
        "fee": (FEE_2022, ["640 EUR"], IN_2022),
        "blades": ("What carry rotor blades?", [], BLADES),
    }
    _write(folder / "corpus.jsonl", [{"_id": f"d{n}", "text": t} for n, t in enumerate(PASSAGES)])
    _write(
        folder / "queries.jsonl",
        [{"_id": key, "text": text, "answers": a} for key, (text, a, _) in queries.items()],
    )
    judged = "".join(f"{key}\td{gold}\t1\n" for key, (_, _, gold) in queries.items())
    (folder / "qrels.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}", "utf-8")
    return indexed(read_beir(folder, "test"), folder.parent / "built", FakeEmbedder())


def _write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records), "utf-8")


def held(evaluated: EvalSet, **changed: Any) -> Opened:
    return opened(replace(evaluated, **changed), FakeEmbedder())


def by_metric(rows: list[Row]) -> dict[tuple[str, str], Mapping[str, float]]:
    return {(row.system, row.metric): row.values for row in rows}


def test_a_follow_up_is_looked_for_as_asked_and_as_condensed(harbour: EvalSet) -> None:
    asked = Asked("f1", "And in 2023?", {IN_2023: 1})
    vague = Asked("f2", "Why is that?", {IN_2022: 1})
    earlier = (FollowUp(FEE_2022, asked), FollowUp(FEE_2022, vague))
    found = by_metric(follow_ups(held(harbour, by_document=False, follow_ups=earlier)))
    assert found["as asked", "recall@6"]["f1"] == 0.0
    assert found["ours", "recall@6"] == {"f1": 1.0, "f2": 1.0}
    # Of the second the rules are not sure.
    assert found["ours", "recall@6 where sure"] == {"f1": 1.0}
    assert follow_ups(held(harbour)) == []


def test_a_near_miss_that_is_served_counts_against_a_cache(harbour: EvalSet) -> None:
    def record(key: str, question: str, **more: str) -> Record:
        return {"id": key, "kind": "answerable", "question": question, **more}

    records = [
        record("a", FEE_2022),
        record("other year", FEE_2023) | {"kind": "near_miss", "of": "a"},
        record("far", "What carry rotor blades?") | {"kind": "near_miss", "of": "a"},
        record("same words", FEE_2022) | {"kind": "near_miss", "of": "a"},
        record("of nothing", FEE_2022) | {"kind": "near_miss", "of": "z"},
    ]
    found = by_metric(cache(held(harbour, by_document=False, records=records)))
    metric = "no false hit (near miss not served)"
    assert found == {
        ("cosine 0.65", metric): {"other year": 0.0, "far": 1.0, "same words": 0.0},
        ("ours", metric): {"other year": 1.0, "far": 1.0, "same words": 0.0},
    }
    assert cache(held(harbour, records=records)) == []


def test_citations_are_right_where_they_lead_into_a_judged_passage(harbour: EvalSet) -> None:
    found = by_metric(citations(held(harbour)))
    precision = found["ours", "precision (document answers)"]
    assert 0.0 < precision["fee"] <= 1.0
    # Only what has a known answer can hold it in a quotation.
    assert found["ours", "recall (answer in a quote)"] == {"fee": 1.0}
    assert found["ours", "not flagged"] == {"fee": 1.0, "blades": 1.0}

    misjudged = [replace(asked, grades={5: 1}) for asked in harbour.asked]
    wrong = by_metric(citations(held(harbour, asked=misjudged)))
    assert wrong["ours", "precision (document answers)"]["fee"] < precision["fee"]
    assert wrong["ours", "recall (answer in a quote)"] == {"fee": 0.0}


def test_many_questions_of_a_folder_are_stood_for_by_evenly_spaced_ones(harbour: EvalSet) -> None:
    many = [replace(harbour.asked[0], id=f"q{n}") for n in range(2 * ANSWERED + 1)]
    found = by_metric(citations(held(harbour, asked=many)))
    answered = list(found["ours", "precision (document answers)"])
    assert answered == [f"q{n}" for n in range(0, 2 * ANSWERED + 1, 3)]


def test_a_question_without_its_judged_passage_should_be_refused(harbour: EvalSet) -> None:
    found = by_metric(abstention(held(harbour)))
    assert found == {
        # What is left says something of the berth fee, in another year, and nothing of blades.
        ("ours", "recall (passages hidden)"): {"fee hidden": 0.0, "blades hidden": 1.0},
        ("ours", "answerable not refused"): {"fee": 1.0, "blades": 1.0},
        ("ours", "precision"): {"blades hidden": 1.0},
    }


def test_unanswerable_questions_of_the_shipped_set_should_be_refused(harbour: EvalSet) -> None:
    records: list[Record] = [
        {"id": "u", "kind": "unanswerable", "question": "Who painted Guernica?", "span": None},
        {"id": "f", "kind": "follow_up", "question": "And why?", "span": None},
    ]
    foreign = Asked("x", "Who composed Fidelio?", {IN_2022: 1})
    asked = [harbour.asked[0], foreign]
    found = by_metric(abstention(held(harbour, by_document=False, asked=asked, records=records)))
    assert found == {
        ("ours", "recall (in the domain)"): {"u": 1.0},
        ("ours", "answerable not refused"): {"fee": 1.0, "x": 0.0},
        ("ours", "precision"): {"u": 1.0, "x": 0.0},
    }
