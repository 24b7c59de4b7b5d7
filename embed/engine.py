"""Where the stages of a build run: reading and cutting documents, embedding texts.

A stage is made once by each worker (that is when it loads what it needs) and is then given one item
after another. Results come back in the order of the items, so that a bundle does not depend on the
engine that built it. Items are asked for as they are needed: no engine holds more than a few for
each worker, however many there are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")

Stage = Callable[[], Callable[[In], Out]]
"""Makes the work of one worker. It and every item and result can be pickled."""

_AHEAD = 2
"""Items that each thread has been given: the one at work and the next."""


class Engine(Protocol):
    """Runs stages."""

    def run(self, stage: Stage[In, Out], items: Iterable[In]) -> Generator[Out]:
        """The results of ``items``, in their order.

        Whatever the work raises is raised for its item; items that have not begun are dropped
        then, and when the caller stops asking.
        """
        ...


class LocalEngine:
    """Threads of this process. One stage serves them all, so its work must bear that."""

    def __init__(self, workers: int = 1) -> None:
        self._workers = max(1, workers)

    def run(self, stage: Stage[In, Out], items: Iterable[In]) -> Generator[Out]:
        """See ``Engine``."""
        work = stage()
        under_way: deque[Future[Out]] = deque()
        pool = ThreadPoolExecutor(self._workers)
        try:
            for item in items:
                if len(under_way) == _AHEAD * self._workers:
                    yield under_way.popleft().result()
                under_way.append(pool.submit(work, item))
            while under_way:
                yield under_way.popleft().result()
        finally:
            # An interrupted build ends after the items at work, not after all of them.
            pool.shutdown(cancel_futures=True)
