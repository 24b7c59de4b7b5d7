"""The model of the protocol: no schedule breaks a promise, and each broken rule is noticed."""

from __future__ import annotations

import pytest

from tests.fault.model.explore import Exploration, explore, first_harm, first_live_harm
from tests.fault.model.live import try_live
from tests.fault.model.rules import MUTATIONS

SCHEDULES = 400
"""A glance; ``make test-faults`` runs 50,000."""

WITHIN = 2_000


FRAMES = {"lost frame", "doubled frame", "reordered frame", "corrupted frame"}
COURSE = {"crash", "refused call", "overtaken call", "takeover", "restart", "resume", *FRAMES}


@pytest.fixture(scope="module")
def exploration() -> Exploration:
    return explore(0, SCHEDULES, processes=1)


def test_no_schedule_breaks_a_promise(exploration: Exploration) -> None:
    assert exploration.violations == []


def test_the_schedules_are_not_tame(exploration: Exploration) -> None:
    assert {what for what, count in exploration.course.seen.items() if count >= 20} == COURSE


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_broken_rule_is_noticed(mutation: str) -> None:
    assert first_harm(mutation, within=WITHIN) is not None


def test_the_product_s_worker_and_publisher_break_no_promise() -> None:
    assert [what for seed in range(20) if (what := try_live(seed))] == []


def test_a_publisher_that_pushes_first_is_noticed() -> None:
    assert first_live_harm(within=50) is not None
