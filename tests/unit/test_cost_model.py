"""The cost of a month: exact, monotone, additive, and by hand where a hand can follow."""

from __future__ import annotations

import dataclasses
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.cost.__main__ import main
from benchmarks.cost.bill import Usage, bill
from benchmarks.cost.figures import CALLS, BadFigures, read_calls, read_figures, reduce_calls
from benchmarks.cost.prices import UnknownPrice, read
from benchmarks.cost.report import fine, usd
from benchmarks.cost.usage import Model
from benchmarks.cost.workload import BadWorkload, Workload

TABLE = read()
MODEL = Model(read_calls(), read_figures(), TABLE.month_hours)

amounts = st.integers(0, 10**9)
usages = st.dictionaries(st.sampled_from(sorted(TABLE.prices)), amounts.map(Fraction)).map(Usage)


def works(**fixed: Any) -> st.SearchStrategy[Workload]:
    """Months of any kind, with workers enough that nothing is shared."""
    strategies: dict[str, st.SearchStrategy[Any]] = {
        "qps": st.fractions(0, 100),
        "answer_tokens": st.integers(1, 4000),
        "cache_hits": st.fractions(0, 1),
        "daily_hours": st.fractions(0, 24),
        "users": st.integers(0, 10_000),
        "maximum_concurrency": st.just(1000),
        **{name: st.just(value) for name, value in fixed.items()},
    }
    return st.builds(Workload, **strategies)


def cost(work: Workload) -> Fraction:
    return bill(MODEL.ours(work), TABLE).usd


# --- by hand --------------------------------------------------------------------------------------


def test_a_month_of_connections_by_hand() -> None:
    """Ten people for one hour a day of a month of 730 hours."""
    month = MODEL.visits(Workload(qps=Fraction(0), users=10, daily_hours=Fraction(1)))
    minutes = 10 * 60 * Fraction(730, 24)
    assert month["websocket_minutes"] == minutes == 18_250
    assert bill(Usage({"websocket_minutes": minutes}), TABLE).usd == Fraction("0.0045625")


def test_an_answer_of_500_tokens_by_hand() -> None:
    """80 tokens a second and windows of 112 ms: 1 + ceil(499 / 80 / 0.112) = 57 frames of text."""
    work = Workload(qps=Fraction(1), answer_tokens=500, tokens_per_second=Fraction(80))
    assert MODEL.deltas(work) == 57
    assert MODEL.text_bytes(work) == 2000
    assert MODEL.answer_ms(work) == 75 + 500 + 6250 + 40
    calls = MODEL.calls
    assert calls.writes(57, 2000) == calls.writes_base + 2 * 57 + 2 * 2


def test_the_plain_design_posts_every_token_and_waits_for_each() -> None:
    """At 200 tokens a second a post of 10 ms is what holds the worker."""
    work = Workload(
        qps=Fraction(1), answer_tokens=300, tokens_per_second=Fraction(200), users=0, memory_mb=1024
    )
    month = MODEL.plain(work)
    answers = work.answers(TABLE.month_hours)
    assert month["websocket_messages"] == answers * (1 + 301)
    worker = (35 + 500 + 300 * 10 + Fraction("86.31")) / 1000
    zip_function = Fraction(20, 1000) * Fraction(512, 1024)
    assert month["lambda_gb_seconds"] == answers * (worker + zip_function)


def test_prices_are_read_exactly() -> None:
    assert TABLE.price("lambda_gb_seconds").usd == Fraction(133_334, 10**10)
    assert TABLE.price("gpt-4o-mini output").usd == Fraction(6, 10**7)


def test_what_an_account_has_free_is_taken_off_once() -> None:
    usage = Usage.of(sqs_requests=1_314_000)
    assert bill(usage, TABLE).usd == Fraction("0.5256")
    assert bill(usage, TABLE, free=True).usd == Fraction("0.1256")
    assert bill(Usage.of(sqs_requests=5), TABLE, free=True).usd == 0


def test_money_is_rounded_only_in_print() -> None:
    assert usd(Fraction("0.005")) == "0.01"
    assert usd(Fraction(1_234_567)) == "1,234,567.00"
    assert fine(Fraction("0.0006300")) == "0.0006300"
    assert fine(Fraction(0)) == "0.0000"


# --- what always holds ----------------------------------------------------------------------------


@given(usages, usages)
def test_bills_add_up(one: Usage, other: Usage) -> None:
    together = bill(one + other, TABLE).usd
    assert together == bill(one, TABLE).usd + bill(other, TABLE).usd
    assert sum(bill(one, TABLE).by_service().values()) == bill(one, TABLE).usd


@given(usages, st.integers(0, 1000))
def test_bills_scale(usage: Usage, times: int) -> None:
    assert bill(usage * times, TABLE).usd == times * bill(usage, TABLE).usd


@given(usages)
def test_free_amounts_only_lower_a_bill(usage: Usage) -> None:
    assert 0 <= bill(usage, TABLE, free=True).usd <= bill(usage, TABLE).usd


@given(works(), st.fractions(0, 10))
@settings(max_examples=50)
def test_more_questions_never_cost_less(work: Workload, more: Fraction) -> None:
    assert cost(dataclasses.replace(work, qps=work.qps + more)) >= cost(work)


@given(works(), st.integers(0, 1000))
@settings(max_examples=50)
def test_longer_answers_never_cost_less(work: Workload, more: int) -> None:
    longer = dataclasses.replace(work, answer_tokens=work.answer_tokens + more)
    assert cost(longer) >= cost(work)


@given(works(users=0), st.fractions(0, 50))
@settings(max_examples=50)
def test_two_loads_on_free_workers_cost_what_they_cost_apart(
    work: Workload, other: Fraction
) -> None:
    """While nothing is shared, a month's cost is linear in its questions."""
    sum_of = dataclasses.replace(work, qps=work.qps + other)
    if MODEL.questions_per_invocation(sum_of) == 1:
        assert cost(sum_of) == cost(work) + cost(dataclasses.replace(work, qps=other))


@given(works(), st.fractions(0, 1))
@settings(max_examples=50)
def test_a_hit_never_costs_more_than_a_miss(work: Workload, share: Fraction) -> None:
    few, many = sorted((work.cache_hits, share))
    assert cost(dataclasses.replace(work, cache_hits=many)) <= cost(
        dataclasses.replace(work, cache_hits=few)
    )


@given(works(), st.integers(1, 10))
@settings(max_examples=50)
def test_batches_are_between_one_and_their_size(work: Workload, batch_size: int) -> None:
    work = dataclasses.replace(work, batch_size=batch_size, maximum_concurrency=2)
    assert 1 <= MODEL.questions_per_invocation(work) <= batch_size


# --- the measured calls ---------------------------------------------------------------------------


def test_the_committed_result_is_explained_without_a_remainder() -> None:
    rows = json.loads(CALLS.read_text())["answers"]
    for row in rows:
        computed = MODEL.calls.writes(row["deltas"], row["text_bytes"])
        assert computed == row["dynamodb_write_units"]


def test_frames_of_text_are_bounded_by_the_model_and_not_far_below() -> None:
    for row in json.loads(CALLS.read_text())["answers"]:
        work = Workload(
            qps=Fraction(1),
            answer_tokens=row["tokens"],
            tokens_per_second=Fraction(row["rate"]),
        )
        assert 0.4 * MODEL.deltas(work) <= row["deltas"] <= MODEL.deltas(work)


def test_a_result_that_is_not_explained_is_refused() -> None:
    result = json.loads(CALLS.read_text())
    middle = sorted(result["answers"], key=lambda row: row["deltas"])[1]
    middle["dynamodb_write_units"] += 1
    with pytest.raises(BadFigures):
        reduce_calls(result)


def test_without_a_result_the_message_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(BadFigures, match="make bench-answer-calls"):
        read_calls(tmp_path / "nothing.json")


# --- data and commands ----------------------------------------------------------------------------


def test_every_price_has_a_source_and_a_date_or_is_marked() -> None:
    for price in TABLE.prices.values():
        assert price.source, price.key
        assert price.checked in ("page", "copy", "no"), price.key
        assert price.as_of or price.checked == "no", price.key


def test_every_figure_says_where_it_comes_from() -> None:
    for figure in MODEL.figures.values():
        assert figure.kind in ("measured", "stated", "assumed"), figure.name
        assert figure.origin, figure.name


@pytest.mark.parametrize(
    "wrong",
    [{"qps": Fraction(-1)}, {"answer_tokens": 0}, {"cache_hits": Fraction(2)}, {"batch_size": 11}],
)
def test_a_month_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadWorkload):
        Workload(**{"qps": Fraction(1), **wrong})


def test_an_unknown_model_is_refused_with_those_that_are_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--model", "gpt-99"]) == 2
    assert "gpt-4o-mini" in capsys.readouterr().err
    with pytest.raises(UnknownPrice):
        TABLE.model_keys("gpt-99")
