"""Server-sent events: the same events however their bytes were cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.chat_models.event_stream import MAX_EVENT_BYTES, EventReader


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: one\n\ndata: two\n\n", [b"one", b"two"]),
        (b"data:one\r\n\r\ndata:  two\r\n\r\n", [b"one", b" two"]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b"data: a\rdata: b\r\rdata: c\r\r", [b"a\nb"]),  # the last break may still become CRLF
        (b": comment\nevent: x\nid: 7\nretry: 5\ndata: a\n\n", [b"a"]),
        (b"event: ping\n\n\n\ndata\n\n", [b""]),
        (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
        (b"data: unfinished", []),
        (b"data: unfinished\n", []),
        (b"datax: a\n\ndata: \xff\xfe\n\n", [b"\xff\xfe"]),
    ],
)
def test_events_at_every_cut(stream: bytes, events: list[bytes]) -> None:
    for cut in range(len(stream) + 1):
        reader = EventReader()
        assert reader.feed(stream[:cut]) + reader.feed(stream[cut:]) == events
    reader = EventReader()
    assert [e for i in range(len(stream)) for e in reader.feed(stream[i : i + 1])] == events


LINES = st.sampled_from([b"data: x", b"data:", b"data", b": c", b"event: e", b"", b"", b"\xc3\xbc"])
BREAKS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(st.lists(st.tuples(LINES, BREAKS), max_size=20), st.lists(st.integers(0, 200), max_size=8))
def test_cuts_never_change_what_is_read(lines: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    stream = b"".join(line + end for line, end in lines)
    places = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    reader = EventReader()
    pieces = [stream[a:b] for a, b in itertools.pairwise(places)]
    assert [e for piece in pieces for e in reader.feed(piece)] == EventReader().feed(stream)


def test_what_is_no_event_stream_is_given_up() -> None:
    reader = EventReader()
    with pytest.raises(ValueError, match="too long"):
        reader.feed(b"x" * (MAX_EVENT_BYTES + 1))
