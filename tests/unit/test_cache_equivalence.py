"""Whether two answers say the same."""

from __future__ import annotations

import pytest

from inference.cache.guards.equivalence import ALIKE, difference
from tests.fakes import passages

FEE = "The annual fee is 1,250 EUR per MW [1]. It is due in March 2024 [1]."
NEAR = ALIKE + 0.05


def compared(fresh: str, cached: str = FEE, cosine: float = NEAR) -> str | None:
    found = passages(3)
    forward = difference(cached, found, fresh, found, cosine=cosine)
    backward = difference(fresh, found, cached, found, cosine=cosine)
    assert (forward is None) == (backward is None), "which came first must not matter"
    return forward


def test_the_same_text_is_the_same_whatever_its_vector() -> None:
    assert compared(FEE, cosine=0.0) is None


@pytest.mark.parametrize(
    "fresh",
    [
        "Each MW costs 1,250 EUR a year [1], payable in March 2024 [2].",
        "The annual fee is 1250 EUR per MW [1].",
        "The annual fee is 1,250 EUR per MW [1]. Due in March 2024. The term is 20 years [2].",
    ],
)
def test_other_words_for_the_same_are_the_same(fresh: str) -> None:
    assert compared(fresh) is None


@pytest.mark.parametrize(
    ("fresh", "why"),
    [
        ("The annual fee is 1,250 EUR per MW [2].", "source"),
        ("The documents do not say.", "source"),
        ("The annual fee is 1,350 EUR per MW [1].", "figures"),
        ("The annual fee is 1,250 USD per MW [1].", "figures"),
        ("A fee is due every year [1].", "figures"),
        ("The annual fee is not 1,250 EUR per MW [1]. It is due in March 2024 [1].", "contrary"),
        ("The annual fee is 1,250 EUR per MW [1]. It is due after March 2024 [1].", None),
    ],
)
def test_what_differs_is_named(fresh: str, why: str | None) -> None:
    found = compared(fresh)
    if why is None:
        assert found is None
    else:
        assert found is not None
        assert why in found


def test_yes_is_not_no() -> None:
    assert compared("No, Orrin pays [1].", cached="Yes, Orrin pays [1].") == "yes instead of no"


def test_an_import_is_not_an_export() -> None:
    found = compared("The line may import power [1].", cached="The line may export power [1].")
    assert found == "a sentence says the contrary"


def test_texts_far_apart_differ() -> None:
    other = "Curtailment needs notice [1]."
    assert compared(other, cached="Meters are read monthly [1].", cosine=0.3) == "another meaning"
