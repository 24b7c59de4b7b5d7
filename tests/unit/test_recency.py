"""Which questions ask for the newest, and what a date is worth then."""

from __future__ import annotations

import numpy as np
import pytest

from inference.retrieval.recency import asks_for_newest, newness, with_newness


@pytest.mark.parametrize(
    "question",
    [
        "What is the latest RS-1 customer charge?",
        "What is the current tariff for homes?",
        "What is the current residential energy charge?",
        "Which rules are now in force?",
        "How much is the fee currently?",
        "What did the most recent performance report say?",
        "Is there an up-to-date budget?",
    ],
)
def test_these_ask_for_the_newest(question: str) -> None:
    assert asks_for_newest(question)


@pytest.mark.parametrize(
    "question",
    [
        "What is the customer charge?",
        "What current may flow through a 16 A breaker?",
        "Is it alternating or direct current?",
        "What was the current tariff in 2024?",
        "What did the latest report of 2023 say?",
        "What is the most recently built turbine made of in 2019?",
    ],
)
def test_these_do_not(question: str) -> None:
    assert not asks_for_newest(question)


def test_newness_halves_with_the_half_life_behind_the_newest() -> None:
    dates = ["2025-01-01", "2024-01-02", None, "2025", "not a date", "2023-01-02", "2025-13-01"]
    expected = [1, 0.5, 0, 1, 0, 0.25, 0]
    assert newness(dates, half_life_days=365).tolist() == pytest.approx(expected, abs=2e-3)
    assert newness([]).shape == (0,)
    assert newness([None]).tolist() == [0]


def test_scores_stay_in_range_and_newness_decides_between_equals() -> None:
    scores = np.array([1.0, 0.6, 0.6, 0.0], dtype=np.float32)
    new = np.array([0.0, 0.25, 1.0, 1.0], dtype=np.float32)
    boosted = with_newness(scores, new, 0.2)
    assert boosted.argsort()[::-1].tolist() == [0, 2, 1, 3]
    assert ((boosted >= 0) & (boosted <= 1)).all()
