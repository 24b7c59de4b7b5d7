"""Cut a chunk into windows of a few sentences, each embedded for itself. Pure.

One vector for 900 characters says what a chunk is about, not each thing that it says; and the model
reads no more than 256 tokens of it. A question is near to a chunk if it is near to one window.
"""

from __future__ import annotations

from collections.abc import Iterator

from embed.chunking import merge, sentences

WINDOW_CHARS = 400


def windows_of(text: str, lead: str, *, max_chars: int = WINDOW_CHARS) -> list[str]:
    """Return the windows of a chunk as they are embedded: its lead, then whole sentences or rows
    of ``text``, up to ``max_chars``, all of about the same length.

    A chunk of one window has none: its own vector says it already.
    """
    if len(text) <= max_chars:
        return []
    pieces = [
        span for start, end in _lines(text) for span in sentences(text, start, end, max_chars)
    ]
    spans = list(merge(pieces, max_chars)) if pieces else []
    if len(spans) < 2:
        return []
    return [f"{lead}\n{text[start:end]}" if lead else text[start:end] for start, end in spans]


def _lines(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for line in text.split("\n"):
        if line.strip():
            yield at, at + len(line)
        at += len(line) + 1
