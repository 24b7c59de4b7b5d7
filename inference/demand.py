"""Whether the text of an answer is wanted now: its publisher says, who reads the model heeds it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Heed = Callable[[bool], None]


class Demand(asyncio.Event):
    """Set while text is wanted, as it is at first; cleared while what came before is on its way.

    A reader waits for it before it reads on, or leaves its socket alone meanwhile (``heeded``).
    """

    def __init__(self) -> None:
        super().__init__()
        self._heeding: list[Heed] = []
        super().set()

    def set(self) -> None:
        """Text is wanted."""
        if not self.is_set():
            super().set()
            self._tell(wanted=True)

    def clear(self) -> None:
        """Text may wait."""
        if self.is_set():
            super().clear()
            self._tell(wanted=False)

    @contextmanager
    def heeded(self, heed: Heed) -> Iterator[None]:
        """Within this context ``heed`` is told of every change, and at once where nothing is
        wanted."""
        self._heeding.append(heed)
        try:
            if not self.is_set():
                heed(False)
            yield
        finally:
            self._heeding.remove(heed)

    def _tell(self, *, wanted: bool) -> None:
        for heed in self._heeding:
            heed(wanted)
