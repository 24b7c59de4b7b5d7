"""Fusion, near-duplicates and words: the pure parts of retrieval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inference.retrieval.fusion import fuse, is_near_duplicate, min_max_fusion
from inference.text.words import Analyser, numbers_of, pairs_of

scores = arrays(np.float32, st.integers(1, 30), elements=st.floats(-1, 50, width=32))


def test_each_list_is_scaled_over_the_candidates_and_weighted() -> None:
    dense = np.array([0.9, 0.5, 0.1], dtype=np.float32)
    lexical = np.array([0.0, 10.0, 5.0], dtype=np.float32)
    assert min_max_fusion(dense, lexical, weight=0.5).tolist() == pytest.approx([0.5, 0.75, 0.25])
    assert min_max_fusion(dense, lexical, weight=1.0).tolist() == pytest.approx([1.0, 0.5, 0.0])


def test_a_question_without_lexical_matches_is_ranked_by_meaning_alone() -> None:
    dense = np.array([0.2, 0.8], dtype=np.float32)
    fused = min_max_fusion(dense, np.zeros(2, dtype=np.float32))
    assert fused.tolist() == pytest.approx([0.0, 0.5])


@given(scores, st.floats(0, 1), st.floats(0.1, 9), st.floats(-5, 5))
def test_scores_stay_in_range_and_ignore_shift_and_scale(
    dense: np.ndarray[tuple[int], np.dtype[np.float32]], weight: float, scale: float, shift: float
) -> None:
    lexical = dense[::-1].copy()
    fused = min_max_fusion(dense, lexical, weight=weight)
    assert ((fused >= 0) & (fused <= 1 + 1e-6)).all()
    moved = min_max_fusion((dense * scale + shift).astype(np.float32), lexical, weight=weight)
    if np.ptp(dense) > 0.01:
        assert np.allclose(fused, moved, atol=1e-2)


@given(scores)
def test_the_score_of_all_signals_stays_in_range_and_is_highest_where_all_agree(
    dense: np.ndarray[tuple[int], np.dtype[np.float32]],
) -> None:
    fused = fuse(dense, dense, dense, dense, dense)
    assert ((fused >= 0) & (fused <= 1)).all()
    if dense.max() > 0:
        assert dense[int(np.argmax(fused))] == dense.max()


def test_a_signal_in_which_all_are_nearly_alike_does_not_decide() -> None:
    alike = np.array([0.500, 0.501], dtype=np.float32)
    clear = np.array([3.0, 1.0], dtype=np.float32)
    fused = fuse(alike, alike, clear, clear, clear)
    assert fused[0] > fused[1]
    assert min_max_fusion(alike, clear, weight=0.56)[0] < 0.5


def test_the_size_of_a_signal_s_unit_does_not_matter() -> None:
    one = np.array([0.2, 0.4, 0.9], dtype=np.float32)
    other = np.array([4.0, 0.0, 2.0], dtype=np.float32)
    assert fuse(one, one, other, other, other) == pytest.approx(
        fuse(one, one, other * np.float32(7), other * np.float32(0.3), other)
    )


def test_neighbouring_words_are_terms_of_their_own() -> None:
    assert pairs_of(["round", "trip", "effici"]) == ["round trip", "trip effici"]
    assert pairs_of(["one"]) == pairs_of([]) == []


def test_the_same_words_with_other_numbers_are_no_duplicate() -> None:
    a = "The RS-1 customer charge in 2024 was $9.50 per month for every home in the valley."
    assert is_near_duplicate(a + " ", [a.upper()])
    assert not is_near_duplicate(a.replace("9.50", "10.25"), [a])
    assert not is_near_duplicate(a.replace("2024", "2025"), [a])
    assert not is_near_duplicate("Something else.", [a])


def test_numbers_are_compared_without_grouping() -> None:
    assert numbers_of("1,000 MW in 2024, or 1000.5") == ["1000", "1000.5", "2024"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The batteries are charged", ["batteri", "charg"]),
        ("10,000 MWh at 11.85 ¢", ["10000", "mwh", "11.85"]),
        ("RS-1, RS-2", ["rs", "1", "rs", "2"]),
        ("", []),
        ("CO₂ and CO2, β-cell, β", ["co2", "co2", "beta", "cell", "beta"]),
        ("Évaluation, 5 ㎾, ﬂow", ["evalu", "5", "kw", "flow"]),
    ],
)
def test_words_are_lowered_stemmed_and_keep_decimals(text: str, words: list[str]) -> None:
    assert Analyser().words(text) == words


def test_hyphenated_words_are_found_in_either_spelling() -> None:
    analyser = Analyser()
    assert analyser.compounds("The off-peak rate, day-ahead; non - coding") == [
        "offpeak",
        "dayahead",
    ]
    assert analyser.words("offpeak") == analyser.compounds("Off-Peak")
    assert analyser.compounds("no hyphen") == []
