"""The model of the protocol: no schedule breaks a promise, and each broken rule is noticed."""

from __future__ import annotations

import pytest

from tests.fault.model.explore import explore, first_harm
from tests.fault.model.rules import MUTATIONS

SCHEDULES = 400
"""A glance; ``make test-faults`` runs 50,000."""

WITHIN = 2_000


def test_no_schedule_breaks_a_promise() -> None:
    assert explore(0, SCHEDULES, processes=1).violations == []


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_broken_rule_is_noticed(mutation: str) -> None:
    assert first_harm(mutation, within=WITHIN) is not None
