"""The benchmark's neighbours and our worker go together: a batch of two comes whole."""

from __future__ import annotations

from benchmarks.streams.batches import Scene, answered
from benchmarks.streams.workers import our_worker


def test_a_batch_is_answered_side_by_side_among_scripted_neighbours() -> None:
    scene = Scene(tokens=40, rate=200.0)
    found = answered(our_worker, [2], scene)
    assert sorted(found) == [1, 2]
    both = found[2]
    # One after another they would take 40 posts; windows of 112 ms leave a few of each.
    assert 4 <= both.posts <= 20
    assert both.units == both.posts
    assert 0 < both.p50 <= both.p99
