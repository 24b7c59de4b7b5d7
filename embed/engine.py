"""Where the stages of a build run: reading files, cutting documents, embedding texts.

A stage is made once by each worker (that is when it loads what it needs) and is then given one item
after another. Results come back in the order of the items, so that a bundle does not depend on the
engine that built it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")

Stage = Callable[[], Callable[[In], Out]]
"""Makes the work of one worker. It and every item and result can be pickled."""


class Engine(Protocol):
    """Runs stages."""

    def run(self, stage: Stage[In, Out], items: Sequence[In]) -> Generator[Out]:
        """The results of ``items``, in their order.

        Whatever the work raises is raised for its item; items that have not begun are dropped
        then, and when the caller stops asking.
        """
        ...


class LocalEngine:
    """Threads of this process. One stage serves them all, so its work must bear that."""

    def __init__(self, workers: int = 1) -> None:
        self._workers = max(1, workers)

    def run(self, stage: Stage[In, Out], items: Sequence[In]) -> Generator[Out]:
        """See ``Engine``."""
        work = stage()
        pool = ThreadPoolExecutor(self._workers)
        try:
            yield from pool.map(work, items)
        finally:
            # An interrupted build ends after the items at work, not after all of them.
            pool.shutdown(cancel_futures=True)
