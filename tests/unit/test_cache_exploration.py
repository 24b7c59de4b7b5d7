"""When a hit is answered afresh, and that the error rate which was set is kept."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.cache.guards.decide import choose
from inference.cache.guards.exploration import (
    OCCASIONALLY,
    Exploration,
    error_bound,
    not_below,
    upper_bound,
)
from inference.ports import CachedAnswer, TrackRecord
from tests.fakes import passages

NOTHING = TrackRecord()
PROVEN = TrackRecord(seen=5, tenant_seen=5_000)


def test_nothing_known_means_no_bound() -> None:
    assert error_bound(NOTHING) == 1.0


def test_the_bound_falls_with_right_answers_and_rises_with_wrong_ones() -> None:
    assert upper_bound(100, 0) < upper_bound(50, 0) < upper_bound(50, 1) < upper_bound(50, 50)
    assert upper_bound(50, 50) == pytest.approx(1.0)
    assert upper_bound(300, 0) == pytest.approx(1 - (50 / (20 * 350)) ** (1 / 300))


@given(st.integers(1, 5_000), st.floats(0, 1))
def test_the_bound_lies_above_what_was_seen(seen: int, share: float) -> None:
    wrong = int(seen * share)
    assert wrong / seen <= upper_bound(seen, wrong) <= 1.0


@pytest.mark.parametrize("rate", [0.005, 0.05, 0.3])
def test_the_bound_holds_at_all_times_at_once(rate: float) -> None:
    chance = random.Random(11)
    failed = 0
    for _ in range(200):
        wrong = 0
        for seen in range(1, 401):
            wrong += chance.random() < rate
            if upper_bound(seen, wrong) < rate:
                failed += 1
                break
    assert failed <= 200 * 0.05 + 2 * (200 * 0.05 * 0.95) ** 0.5


def test_without_a_rate_hits_are_checked_occasionally() -> None:
    assert Exploration().probability(NOTHING) == OCCASIONALLY


def test_a_rate_of_nothing_serves_nothing() -> None:
    assert Exploration(0.0).probability(PROVEN) == 1.0


def test_an_entry_that_was_seen_wrong_must_prove_itself() -> None:
    spoilt = TrackRecord(seen=5, wrong_up_to=0.8, tenant_seen=5_000)
    assert Exploration(0.02).probability(PROVEN) == OCCASIONALLY
    assert Exploration(0.02).probability(spoilt) == pytest.approx(1 - 0.02 * 6)


@given(st.floats(0.0, 1.0, exclude_max=True))
def test_a_similarity_is_never_rounded_down(similarity: float) -> None:
    assert similarity <= not_below(similarity) <= similarity + 2e-6


# --- thresholds rise ------------------------------------------------------------------------------


def an_answer(score: float, wrong_up_to: float | None) -> CachedAnswer:
    record = TrackRecord(seen=1, wrong_up_to=wrong_up_to)
    return CachedAnswer(
        question="What is the annual fee of Alder?",
        text="5 EUR [1].",
        passages=passages(1),
        score=score,
        record=record,
    )


def serves(score: float, wrong_up_to: float | None) -> bool:
    asked = "What does Alder cost as annual fee?"
    return choose(asked, [an_answer(score, wrong_up_to)], passages(1)).answer is not None


@given(score=st.floats(0.7, 1.0), wrong=st.lists(st.floats(0.7, 1.0), min_size=1))
def test_what_was_seen_wrong_is_never_served_as_near_or_farther(
    score: float, wrong: list[float]
) -> None:
    highest = max(not_below(similarity) for similarity in wrong)
    assert serves(score, highest) == (score > highest)
    assert not any(serves(similarity, highest) for similarity in wrong)


# --- the promise, over streams --------------------------------------------------------------------

Hit = tuple[int, float, bool]
"""Entry, similarity, and whether serving it would be wrong."""


class World:
    """Entries of different merit: the nearer a question, the likelier the answer is right."""

    def __init__(self, chance: random.Random, *, entries: int, error: float) -> None:
        self._chance = chance
        self._error = [min(1.0, chance.expovariate(1.0) * error) for _ in range(entries)]

    def hit(self) -> Hit:
        entry = self._chance.randrange(len(self._error))
        similarity = self._chance.uniform(0.7, 1.0)
        likely = min(1.0, 2 * self._error[entry] * (1.0 - (similarity - 0.7) / 0.3))
        return entry, similarity, self._chance.random() < likely


def served(hits: list[Hit], rate: float | None, chance: Callable[[], float]) -> tuple[int, int]:
    """How many of ``hits`` are served, and how many of them wrong."""
    exploration = Exploration(rate, chance)
    seen: dict[int, int] = {}
    wrong_up_to: dict[int, float] = {}
    tenant_seen = tenant_wrong = count = errors = 0
    for entry, similarity, wrong in hits:
        highest = wrong_up_to.get(entry)
        if highest is not None and similarity <= highest:
            continue
        record = TrackRecord(
            seen=seen.get(entry, 0),
            wrong_up_to=highest,
            tenant_seen=tenant_seen,
            tenant_wrong=tenant_wrong,
        )
        if not exploration.explores(record):
            count += 1
            errors += wrong
            continue
        seen[entry] = seen.get(entry, 0) + 1
        if highest is None:
            tenant_seen += 1
            tenant_wrong += wrong
        if wrong:
            wrong_up_to[entry] = max(similarity, highest or 0.0)
    return count, errors


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    rate=st.sampled_from([0.01, 0.02, 0.05]),
    error=st.sampled_from([0.0, 0.01, 0.05, 0.2, 0.5]),
    entries=st.sampled_from([1, 20, 500]),
)
def test_no_more_than_the_set_rate_is_served_wrong(
    seed: int, rate: float, error: float, entries: int
) -> None:
    chance = random.Random(seed)
    world = World(chance, entries=entries, error=error)
    hits = [world.hit() for _ in range(2_000)]
    _, errors = served(hits, rate, chance.random)
    # Four standard deviations of a binomial count at the promised rate.
    assert errors <= 2_000 * rate + 4 * (2_000 * rate) ** 0.5


def test_a_good_cache_comes_to_serve_nearly_everything() -> None:
    chance = random.Random(3)
    world = World(chance, entries=200, error=0.001)
    hits = [world.hit() for _ in range(5_000)]
    count, errors = served(hits, 0.02, chance.random)
    assert count > 0.85 * len(hits)
    assert errors <= 0.002 * len(hits)


def test_plain_cosine_keeps_no_promise_in_the_same_world() -> None:
    world = World(random.Random(3), entries=200, error=0.2)
    hits = [world.hit() for _ in range(5_000)]
    assert sum(wrong for _, _, wrong in hits) > 0.1 * len(hits)
    _, errors = served(hits, 0.02, random.Random(4).random)
    assert errors <= 0.02 * len(hits)
