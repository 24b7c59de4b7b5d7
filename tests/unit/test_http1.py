"""Responses are the same however their bytes are cut, and what is no response is refused."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.aws.http1 import Malformed, Response, ResponseReader

HEADS = {
    "a length": b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"a":\r\n\r\n1}',
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'5\r\n{"a":\r\n6;x=y\r\n\r\n\r\n1}\r\n0\r\nX-Trailer: t\r\n\r\n',
    "after an interim response": b"HTTP/1.1 100 Continue\r\n\r\n"
    b'HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"a":\r\n\r\n1}',
}


@given(st.sampled_from(sorted(HEADS)), st.lists(st.integers(1, 100), max_size=8))
def test_a_response_is_the_same_at_every_cut(kind: str, cuts: list[int]) -> None:
    raw, reader = HEADS[kind], ResponseReader()
    places = sorted({min(cut, len(raw)) for cut in cuts} | {0, len(raw)})
    said = [reader.feed(raw[a:b]) for a, b in itertools.pairwise(places)]
    assert [r is None for r in said] == [True] * (len(said) - 1) + [False]
    assert said[-1] is not None
    assert (said[-1].status, said[-1].body) == (200, b'{"a":\r\n\r\n1}')


def whole(raw: bytes) -> Response | None:
    return ResponseReader().feed(raw)


@pytest.mark.parametrize(
    ("raw", "alive"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
    ],
)
def test_a_response_says_whether_its_connection_stays(raw: bytes, alive: bool) -> None:
    response = whole(raw)
    assert response is not None
    assert response.keeps_alive is alive
    assert response.body == b""


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n",
    ],
)
def test_what_is_no_response_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        whole(raw)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for prefix in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n\r\n"):
        try:
            whole(prefix + raw)
        except Malformed:
            continue
