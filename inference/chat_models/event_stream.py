"""Server-sent events from bytes that arrive in any pieces. Pure.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

MAX_EVENT_BYTES = 1024 * 1024
"""Far above any event of a chat model; what is longer is not an event stream."""


class EventReader:
    """Takes bytes, returns the data of the events that they complete."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._began = False

    def feed(self, received: bytes) -> list[bytes]:
        """The data of every event that ends within ``received``, in order.

        Raises:
            ValueError: an event is longer than ``MAX_EVENT_BYTES``.
        """
        text = self._rest + received
        if not self._began and text:
            if len(text) < 3 and b"\xef\xbb\xbf".startswith(text):
                self._rest = text
                return []
            text, self._began = text.removeprefix(b"\xef\xbb\xbf"), True
        if b"\r" in text:
            # A carriage return at the very end may be half of a line break.
            held, text = (b"\r", text[:-1]) if text.endswith(b"\r") else (b"", text)
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        else:
            held = b""
        *lines, rest = text.split(b"\n")
        self._rest = rest + held
        if len(self._rest) > MAX_EVENT_BYTES:
            raise ValueError("an event of the stream is too long")
        return [data for line in lines if (data := self._line(line)) is not None]

    def _line(self, line: bytes) -> bytes | None:
        """Take one line; the event's data where it is the blank one that ends it."""
        if not line:
            if not self._data:
                return None
            data, self._data = b"\n".join(self._data), []
            return data
        if line.startswith(b"data:"):
            self._data.append(line[6:] if line[5:6] == b" " else line[5:])
        elif line == b"data":
            self._data.append(b"")
        return None
