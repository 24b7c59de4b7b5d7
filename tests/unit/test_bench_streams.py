"""The measure itself: stamps come back as they were given, and every token is counted once."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.streams import stamps
from benchmarks.streams.aws_server import Seen
from benchmarks.streams.batches import steady_delays


@given(st.floats(0, 16**8 / 10 - 1))
def test_a_stamp_says_when_it_was_made(at_ms: float) -> None:
    [read] = stamps.read(stamps.token(at_ms))
    assert read == pytest.approx(at_ms, abs=0.11)


@given(st.lists(st.integers(0, 60), max_size=6))
def test_a_token_cut_by_frames_is_counted_once_when_its_rest_has_come(cuts: list[int]) -> None:
    sent = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
    text = "".join(stamps.token(at) for at in sent)
    places = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    seen = Seen()
    for a, b in itertools.pairwise(places):
        seen.take(json.dumps({"type": "delta", "text": text[a:b]}).encode())
    assert [at for at, _ in seen.tokens] == pytest.approx(sent, abs=0.11)


def test_a_frame_of_more_than_32_kb_is_billed_twice() -> None:
    seen = Seen()
    seen.take(json.dumps({"type": "delta", "text": "x" * 32 * 1024}).encode())
    seen.take(b'{"type":"end","state":"done"}')
    assert (seen.posts, seen.units, seen.state) == (2, 3, "done")


def test_only_tokens_that_were_sent_while_all_streams_ran_count() -> None:
    early = Seen(tokens=[(at, at + 10) for at in range(0, 3000, 100)])
    late = Seen(tokens=[(at, at + 20) for at in range(1000, 4000, 100)])
    delays = steady_delays([early, late])
    # From half a second after the later one's first token to the earlier one's last: 1500 to 2900.
    assert delays == [10.0] * 15 + [20.0] * 15
