"""Responses of HTTP/1.1 from bytes that arrive in any pieces. Pure.

What AWS's endpoints answer: a status, headers, and a body with a length, in chunks, or none.
https://www.rfc-editor.org/rfc/rfc9112.html
"""

from __future__ import annotations

import re

from msgspec import Struct

MAX_RESPONSE_BYTES = 20 * 1024 * 1024
"""DynamoDB answers with 16 MB at most; what is longer is not its answer."""

_NO_BODY = frozenset({204, 304})
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")


class Response(Struct, frozen=True):
    """One response; header names are lower case."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection may carry another request."""
        return self.headers.get(b"connection", b"").lower() != b"close"


class Malformed(Exception):
    """What came is no response of HTTP/1.1, or more than was asked for."""


class ResponseReader:
    """Takes bytes, returns the response once it is whole. For one response."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._head: tuple[int, dict[bytes, bytes], int] | None = None

    def feed(self, received: bytes) -> Response | None:
        """Take the next bytes.

        Raises:
            Malformed: they cannot belong to a response.
        """
        self._received += received
        if len(self._received) > MAX_RESPONSE_BYTES:
            raise Malformed("a response is too long")
        if self._head is None:
            self._head = self._read_head()
            if self._head is None:
                return None
        status, headers, start = self._head
        if status < 200:
            # An interim response: the one that counts follows.
            del self._received[:start]
            self._head = None
            return self.feed(b"")
        body = self._body(status, headers, start)
        return None if body is None else Response(status, headers, body)

    def _read_head(self) -> tuple[int, dict[bytes, bytes], int] | None:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = bytes(self._received[:end]).split(b"\r\n")
        if not first.startswith(b"HTTP/1.") or not first[9:12].isdigit():
            raise Malformed(f"not a response: {first[:40]!r}")
        headers: dict[bytes, bytes] = {}
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon:
                raise Malformed(f"not a header: {line[:40]!r}")
            headers[name.strip().lower()] = value.strip()
        if first.startswith(b"HTTP/1.0"):
            headers.setdefault(b"connection", b"close")
        return int(first[9:12]), headers, end + 4

    def _body(self, status: int, headers: dict[bytes, bytes], start: int) -> bytes | None:
        if status in _NO_BODY:
            return self._exactly(start, b"")
        if b"transfer-encoding" in headers:
            return self._chunked(start)
        length = headers.get(b"content-length")
        if length is None or not length.isdigit():
            raise Malformed("a response says neither its length nor that it comes in chunks")
        end = start + int(length)
        if len(self._received) < end:
            return None
        return self._exactly(end, bytes(self._received[start:end]))

    def _chunked(self, at: int) -> bytes | None:
        parts: list[bytes] = []
        while (line_end := self._received.find(b"\r\n", at)) >= 0:
            digits = bytes(self._received[at:line_end]).partition(b";")[0].strip()
            if not _CHUNK_SIZE.fullmatch(digits):
                raise Malformed(f"not the size of a chunk: {digits[:20]!r}")
            size, begin = int(digits, 16), line_end + 2
            if size == 0:
                return self._after_trailers(begin, b"".join(parts))
            at = begin + size + 2
            if len(self._received) < at:
                return None
            parts.append(bytes(self._received[begin : at - 2]))
        return None

    def _after_trailers(self, at: int, body: bytes) -> bytes | None:
        while (line_end := self._received.find(b"\r\n", at)) >= 0:
            if line_end == at:
                return self._exactly(at + 2, body)
            at = line_end + 2
        return None

    def _exactly(self, end: int, body: bytes) -> bytes:
        if len(self._received) > end:
            raise Malformed("more than one response to one request")
        return body
