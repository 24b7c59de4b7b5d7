"""Embed the texts of a draft: those that are new, the longest first, a few at a time.

Only lengths and numbers are held for all texts; a text is read when its turn comes.
"""

from __future__ import annotations

import functools
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embed.array_file import VectorFile
from embed.blocks import BLOCKS
from embed.embedded import EmbeddedTexts
from embed.engine import Engine
from embed.known_vectors import KnownVectors
from inference.ports import Embedder

Vectors = NDArray[np.float32]
Numbers = NDArray[np.int64]
Report = Callable[[str, int, int], None]

BATCH = 16
"""Sorted by length over the whole corpus, texts of one batch need almost no padding; and of batches
this small, the shortest last, every worker has one nearly to the end."""


class Rows(NamedTuple):
    """Where the vectors are: chunk ``n`` in row ``n``; behind all chunks their windows, those of
    chunk ``n`` from ``window_starts[n]`` to ``window_starts[n + 1]``. ``kept`` chunks had one."""

    window_starts: Numbers
    kept: int


def embed_texts(
    texts: EmbeddedTexts,
    vectors: VectorFile,
    embedder: Embedder,
    known: KnownVectors | None,
    *,
    engine: Engine,
    report: Report,
    block: int = BLOCKS.chunks,
) -> Rows:
    """Write a vector for every text into ``vectors``, those of ``known`` ones as they are there.

    ``block`` chunks are compared with known ones at a time.
    """
    starts, new, lengths = _compared(texts, vectors, known, block)
    # Stable, so that the batches are the same however the texts were read.
    order = new[np.argsort(-lengths, kind="stable")]
    batches = [order[at : at + BATCH] for at in range(0, len(order), BATCH)]
    done = 0
    report("Embedding", 0, len(order))
    wanted = (list(_read(texts, starts, rows)) for rows in batches)
    with closing(engine.run(functools.partial(_embedding, embedder), wanted)) as results:
        for rows, found in zip(batches, results, strict=True):
            vectors.put(rows, found)
            done += len(rows)
            report("Embedding", done, len(order))
    return Rows(starts, len(texts) - int(np.count_nonzero(new < len(texts))))


def _compared(
    texts: EmbeddedTexts, vectors: VectorFile, known: KnownVectors | None, block: int
) -> tuple[Numbers, Numbers, Numbers]:
    """Take over the vectors of known texts. Returns where the windows of each chunk start, the rows
    of the texts that are new, and how long each of these is."""
    chunks = len(texts)
    starts = np.zeros(chunks + 1, dtype=np.int64)
    new = array("q"), array("q")
    lengths = array("q"), array("q")
    for at in range(0, chunks, block):
        numbers = range(at, min(at + block, chunks))
        wholes = [texts.whole(number) for number in numbers]
        parts = [texts.windows(number) for number in numbers]
        counts = np.array([len(held) for held in parts], dtype=np.int64)
        starts[at + 1 : numbers.stop + 1] = starts[at] + np.cumsum(counts)
        windows = [window for held in parts for window in held]
        for place, (row, held) in enumerate(((at, wholes), (int(chunks + starts[at]), windows))):
            rows = np.arange(row, row + len(held))
            unknown = np.ones(len(held), dtype=np.bool_)
            if known is not None:
                found, vectors_found = known.find(held)
                vectors.put(rows[found], vectors_found)
                unknown = ~found
            new[place].extend(rows[unknown].tolist())
            lengths[place].extend(len(held[n]) for n in np.flatnonzero(unknown))
    return starts, np.array(new[0] + new[1]), np.array(lengths[0] + lengths[1])


def _read(texts: EmbeddedTexts, starts: Numbers, rows: Numbers) -> Iterator[str]:
    for row in rows.tolist():
        if row < len(texts):
            yield texts.whole(row)
        else:
            window = row - len(texts)
            chunk = int(np.searchsorted(starts, window, side="right")) - 1
            yield texts.windows(chunk)[window - int(starts[chunk])]


def _embedding(embedder: Embedder) -> Callable[[Sequence[str]], Vectors]:
    return embedder.embed
