"""What stops a deployment, in words for the person who started it."""

from __future__ import annotations

from collections.abc import Sequence


class Stopped(Exception):
    """The command cannot go on; each of ``reasons`` is a sentence that says what to do."""

    def __init__(self, *reasons: str, done: Sequence[str] = ()) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons
        self.done = tuple(done)
