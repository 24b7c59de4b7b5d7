"""Read and cut the documents of a corpus, one after another, on an engine."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from embed.engine import Engine
from embed.errors import NothingToIndex, UnreadableDocument
from embed.holdings import Held, Repeats, held_of
from embed.sources import MAX_FILE_BYTES, Source, load_source


class Reading:
    """The documents of ``sources`` with their chunks, in their order, without repeated chunks.

    To be iterated once; then ``skipped`` holds what could not be read and ``repeated`` is how many
    chunks were left out. No more than a few documents for each worker are held at a time.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        engine: Engine,
        *,
        default_groups: Sequence[str],
        max_bytes: int = MAX_FILE_BYTES,
        report: Callable[[str, int, int], None] = lambda stage, done, total: None,
    ) -> None:
        """``engine`` reads and cuts them; documents that do not say who may see them get
        ``default_groups``; larger files than ``max_bytes`` are skipped."""
        self.skipped: list[UnreadableDocument] = []
        self._sources = sources
        self._engine = engine
        self._stage = functools.partial(_reading, tuple(default_groups), max_bytes)
        self._report = report
        self._repeats = Repeats()

    @property
    def repeated(self) -> int:
        """How many chunks said again what was said."""
        return self._repeats.dropped

    def __iter__(self) -> Iterator[Held]:
        """Read, cut and yield.

        Raises:
            NothingToIndex: none could be read; the message lists why.
        """
        with closing(self._engine.run(self._stage, self._sources)) as results:
            for number, (source, read) in enumerate(
                zip(self._sources, results, strict=True), start=1
            ):
                self._report("Reading", number, len(self._sources))
                if isinstance(read, Held):
                    yield self._repeats.without(read)
                else:
                    self.skipped.append(UnreadableDocument(source.file, read))
        if len(self.skipped) == len(self._sources):
            reasons = "\n".join(f"  {error}" for error in self.skipped)
            raise NothingToIndex(f"None of the documents could be read:\n{reasons}")


def _reading(groups: Sequence[str], max_bytes: int) -> Callable[[Source], Held | str]:
    """A source becomes its document, cut, or the reason why it is none."""

    def read(source: Source) -> Held | str:
        try:
            document = load_source(source, max_bytes=max_bytes)
        except UnreadableDocument as error:
            return error.reason
        return held_of(document, default_groups=groups)

    return read
