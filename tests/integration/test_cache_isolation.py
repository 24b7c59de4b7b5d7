"""Random stores and lookups over many scopes: no answer leaves its own, none outlives its time."""

from __future__ import annotations

from benchmarks.cache_isolation import FilteringStore, count_leaks, local_engine


def test_no_answer_leaves_its_scope_on_the_fast_store() -> None:
    counted = count_leaks(FilteringStore(), 4_000, seed=1)
    assert counted["answers"] > 1_000
    assert (counted["foreign"], counted["expired"]) == (0, 0)


def test_no_answer_leaves_its_scope_on_the_local_engine() -> None:
    with local_engine() as engine:
        counted = count_leaks(engine, 600, seed=2)
    assert counted["answers"] > 100
    assert (counted["foreign"], counted["expired"]) == (0, 0)
