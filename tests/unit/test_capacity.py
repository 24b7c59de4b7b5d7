"""Queues by formula and by simulation agree where the formulas hold; quotas bind where they say."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import generated
from benchmarks.capacity import docs, queueing, report
from benchmarks.capacity.__main__ import main
from benchmarks.capacity.demand import Crowd, demands
from benchmarks.capacity.quotas import QUOTAS, UnknownTier, read_quotas, read_ramp
from benchmarks.capacity.scenarios import AnswerTime, expected_backlog, rush, steady
from benchmarks.capacity.simulation import Scaling, Service, poisson, simulate

SECONDS = 4.6
CAPACITY = report.Capacity.load(Crowd(users=10_000), parameters={})
MODEL = CAPACITY.model


def exponential(chance: Random) -> float:
    return chance.expovariate(1 / SECONDS)


def at_once(workers: int, batch_size: int = 1) -> Scaling:
    """All workers from the first moment on."""
    return Scaling(maximum=workers, batch_size=batch_size, ramp_per_minute=0)


def waits(rate: float, service: Service, workers: int) -> tuple[float, float]:
    """Mean and 95th percentile of the wait, over four runs of 15,000 questions."""
    runs = [
        simulate(poisson(rate, 15_000 / rate, Random(seed)), service, at_once(workers), seed=seed)
        for seed in range(4)
    ]
    means = [run.mean_wait(skip=500) for run in runs]
    tails = [run.wait_quantile(0.95) for run in runs]
    return sum(means) / 4, sum(tails) / 4


# --- formulas -------------------------------------------------------------------------------------


def test_erlang_c_of_one_server_is_its_utilization() -> None:
    assert queueing.erlang_c(1, 0.8) == pytest.approx(0.8)


def test_erlang_c_by_hand() -> None:
    """Two servers, one stream: (1/2 x 2) / (1 + 1 + 1/2 x 2) = 1/3."""
    assert queueing.erlang_c(2, 1.0) == pytest.approx(1 / 3)


def test_pollaczek_and_khinchine_halve_the_wait_of_a_constant_service() -> None:
    exponential_wait = queueing.mean_wait(1, 0.8, 1.0)
    assert exponential_wait == pytest.approx(0.8 / (1 - 0.8))
    assert queueing.mean_wait(1, 0.8, 1.0, variation=0) == pytest.approx(exponential_wait / 2)


def test_more_than_can_be_served_has_no_mean() -> None:
    with pytest.raises(queueing.Unstable, match="more than 10 workers"):
        queueing.erlang_c(10, 10.0)


@given(st.floats(0.1, 50), st.floats(0.1, 10), st.floats(0.1, 5))
@settings(max_examples=50)
def test_workers_for_a_wait_are_enough_and_not_one_too_many(
    rate: float, mean_s: float, wait_s: float
) -> None:
    workers = queueing.workers_for(rate, mean_s, wait_s=wait_s, share=0.99)
    assert queueing.wait_quantile(workers, rate, mean_s, 0.99) <= wait_s
    if workers - 1 > rate * mean_s:
        assert queueing.wait_quantile(workers - 1, rate, mean_s, 0.99) > wait_s


# --- the simulation against them ------------------------------------------------------------------


@pytest.mark.parametrize(("workers", "load"), [(1, 0.7), (5, 0.8), (40, 0.9)])
def test_exponential_service_waits_as_erlang_says(workers: int, load: float) -> None:
    rate = workers * load / SECONDS
    mean, tail = waits(rate, exponential, workers)
    assert mean == pytest.approx(queueing.mean_wait(workers, rate, SECONDS), rel=0.15)
    assert tail == pytest.approx(queueing.wait_quantile(workers, rate, SECONDS, 0.95), rel=0.15)


def test_constant_service_waits_as_pollaczek_and_khinchine_say() -> None:
    rate = 0.8 / SECONDS
    mean, _ = waits(rate, lambda chance: SECONDS, 1)
    assert mean == pytest.approx(queueing.mean_wait(1, rate, SECONDS, variation=0), rel=0.1)


def test_answers_of_varying_length_wait_as_allen_and_cunneen_say() -> None:
    time = AnswerTime(fixed_s=0.6, stream_s=4.0, hit_s=0.1, hits=0.2)
    rate = 10 * 0.85 / time.mean_s
    simulated, _ = waits(rate, time, 10)
    expected = queueing.mean_wait(10, rate, time.mean_s, variation=time.variation)
    assert simulated == pytest.approx(expected, rel=0.15)
    drawn = [time(chance) for chance in [Random(5)] for _ in range(50_000)]
    mean = sum(drawn) / len(drawn)
    assert mean == pytest.approx(time.mean_s, rel=0.02)
    spread = sum((value - mean) ** 2 for value in drawn) / len(drawn) / mean**2
    assert spread == pytest.approx(time.variation, rel=0.05)


@pytest.mark.parametrize(
    ("workers", "within"), [(2, 0.02), (3, 0.07), (4, 0.15), (5, 0.16), (20, 0.04)]
)
def test_batches_take_the_worker_time_that_the_cost_model_says(workers: int, within: float) -> None:
    """One question a second on few workers: the closed form against what the queue does.

    It knows no chance: nearer to the load that the workers carry one at a time, batches form
    though they need not, and the formula is a bound from above.
    """
    crowd = Crowd(users=600, batch_size=10)
    found = steady(crowd, MODEL, read_ramp(), name="", maximum=workers, batch_size=10)
    assert found.worker_s == pytest.approx(found.expected_worker_s, rel=within)
    assert found.expected_worker_s is not None
    assert found.worker_s < 1.04 * found.expected_worker_s


def test_without_competition_nobody_waits() -> None:
    run = simulate([0.0, 10.0, 20.0], lambda chance: 5.0, at_once(1))
    assert run.waits == [0.0, 0.0, 0.0]
    assert run.sojourns == [5.0, 5.0, 5.0]
    assert run.ended_s == 25.0


def test_a_batch_ends_with_its_longest_answer_and_each_answer_by_itself() -> None:
    lengths = iter([9.0, 1.0, 3.0])
    run = simulate([0.0, 1.0, 2.0], lambda chance: next(lengths), at_once(1, batch_size=10))
    assert run.waits == [0.0, 8.0, 7.0]
    assert run.sojourns == [9.0, 9.0, 10.0]
    assert (run.batches, run.ended_s) == (2, 12.0)


def test_a_worker_that_never_ran_starts_cold() -> None:
    scaling = dataclasses.replace(at_once(2), cold_s=1.0)
    run = simulate([0.0, 0.0, 10.0], lambda chance: 5.0, scaling)
    assert run.waits == [1.0, 1.0, 0.0]
    assert run.colds == 2


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=60),
    st.integers(1, 8),
    st.integers(1, 10),
    st.sampled_from([0.0, 60.0, 300.0]),
)
def test_whatever_comes_is_answered_once_and_littles_law_holds(
    times: list[float], workers: int, batch_size: int, ramp: float
) -> None:
    scaling = Scaling(
        maximum=workers, batch_size=batch_size, initial=2, ramp_per_minute=ramp, cold_s=0.0
    )
    run = simulate(sorted(times), exponential, scaling)
    assert len(run.waits) == len(run.sojourns) == len(times)
    assert min(run.waits) >= 0
    assert all(stay > wait for stay, wait in zip(run.sojourns, run.waits, strict=True))
    assert run.peak_busy <= workers
    assert -(-len(times) // batch_size) <= run.batches <= len(times)
    assert run.waiting_area == pytest.approx(sum(run.waits), abs=1e-6)


# --- the ramp of the mapping ----------------------------------------------------------------------


def test_a_rush_queues_as_the_fluid_model_says() -> None:
    crowd, ramp = CAPACITY.crowd, read_ramp()
    found = rush(crowd, CAPACITY.time, ramp, name="", maximum=1000, batch_size=1, cold_s=0.0)
    expected = expected_backlog(crowd, CAPACITY.time, ramp)
    assert found.run.peak_waiting == pytest.approx(expected, rel=0.05)


def test_faster_pollers_and_batches_shorten_a_rush() -> None:
    crowd, time, ramp = CAPACITY.crowd, CAPACITY.time, read_ramp()
    plain, batches, provisioned = (
        rush(
            crowd, time, ramp, name="", maximum=1000, batch_size=size, provisioned=quick
        ).run.wait_quantile(0.99)
        for size, quick in ((1, False), (10, False), (1, True))
    )
    assert batches < provisioned < plain


# --- quotas ---------------------------------------------------------------------------------------


def test_workers_bind_first_by_hand() -> None:
    """10 workers x 3600 s / (6 questions x 4.606 s), rounded down."""
    first = CAPACITY.loads()[0]
    assert first.quota.key == "workers"
    mean_s = MODEL.answer_ms(CAPACITY.crowd.workload()) / 1000
    assert first.binds_at == 10 * 3600 // (6 * mean_s)
    assert first.exceeded


def test_a_quota_binds_just_above_the_number_that_is_named() -> None:
    for load in CAPACITY.loads():
        assert load.binds_at is not None
        at, above = (
            demands(dataclasses.replace(CAPACITY.crowd, users=users), MODEL)[load.quota.key]
            for users in (load.binds_at, load.binds_at + 1)
        )
        assert at <= load.quota.limit < above


@given(st.integers(1, 50_000), st.integers(1, 50_000))
@settings(max_examples=25)
def test_demand_is_linear_in_people(one: int, other: int) -> None:
    of = {users: demands(Crowd(users=users), MODEL) for users in (one, other, one + other)}
    for key in of[one]:
        assert of[one + other][key] == of[one][key] + of[other][key]


def test_raised_parameters_are_taken() -> None:
    quotas = read_quotas("gpt-4o-mini", 1, {"MaximumConcurrency": "88"})
    assert next(quota.limit for quota in quotas if quota.key == "workers") == 88


def test_an_unknown_tier_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnknownTier, match="gpt-4o-mini 5"):
        read_quotas("gpt-4o-mini", 9, {})
    assert main(["--users", "10", "--tier", "9"]) == 2
    assert main(["--users", "0"]) == 2
    assert "USERS" in capsys.readouterr().err


def test_every_quota_has_a_source_and_a_demand() -> None:
    wanted = demands(Crowd(users=1), MODEL)
    for quota in CAPACITY.quotas:
        assert quota.source, quota.key
        assert quota.as_of or quota.checked == "template", quota.key
        assert quota.key in wanted
        assert quota.limit > 0


def test_the_docs_hold_what_the_model_says() -> None:
    written = docs.PAGE.read_text()
    parts = docs.parts()
    assert set(generated.parts_of(written)) == set(parts)
    assert generated.regenerated(written, parts) == written, (
        "run: python -m benchmarks.capacity.docs"
    )


def test_the_quotas_are_a_file_beside_the_model() -> None:
    assert Path(report.__file__).with_name("quotas.toml") == QUOTAS
    assert Fraction(read_ramp().per_minute, 60) == 5
