"""Tokens that say when they were sent, so that whoever receives one knows how long it took.

A token is a blank and nine letters, as long as a longer English word: the monotonic clock, which
all processes of a machine share, in tenths of milliseconds. Letters, because digits could be taken
for personal data or figures on the way.
"""

from __future__ import annotations

import re
import time

_STAMP = re.compile(r"(?<![a-z])q[a-p]{8}(?![a-z])")
_LETTERS = "abcdefghijklmnop"
_RANGE = 16**8


def now() -> float:
    """Milliseconds on the clock that stamps are taken from."""
    return time.monotonic() * 1000 % (_RANGE / 10)


def token(at_ms: float) -> str:
    """The token that was sent at ``at_ms``."""
    ticks = int(at_ms * 10) % _RANGE
    return " q" + "".join(_LETTERS[ticks >> shift & 15] for shift in range(28, -4, -4))


def read(text: str) -> list[float]:
    """When each whole token in ``text`` was sent, in milliseconds."""
    return [_sent(stamp) for stamp in _STAMP.findall(text)]


def _sent(stamp: str) -> float:
    ticks = 0
    for letter in stamp[1:]:
        ticks = ticks << 4 | _LETTERS.index(letter)
    return ticks / 10
