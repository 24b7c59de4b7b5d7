"""The first half of a bundle: documents, their texts and their chunks, written as they come.

No more than one document is held at a time. What follows (vectors, words) reads the texts back from
these files.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from copilot.index_bundle.texts import CHUNK_OFFSETS, CHUNKS, COLUMNS, DOCUMENTS, GROUPS, TEXTS
from embed.chunking import MAX_CHARS, MIN_CHARS, STRATEGY
from embed.holdings import Held, moved
from embed.windows import WINDOW_CHARS


@dataclass(frozen=True)
class Draft:
    """What was written into ``folder``, which ``IndexTexts`` reads: numbers of documents and
    chunks, and the version of the corpus: same documents, same version."""

    folder: Path
    documents: int
    chunks: int
    corpus_version: str


def write_draft(folder: Path, holdings: Iterable[Held]) -> Draft:
    """Write documents, their texts, and the chunks with their offsets and columns.

    ``holdings`` stay in their order; their paths differ.
    """
    import numpy as np

    offsets, held_chunks, group_sets = array("q", [0]), array("q"), array("q")
    numbers: dict[tuple[str, ...], int] = {}
    at = 0
    with (
        (folder / TEXTS).open("wb") as texts,
        (folder / DOCUMENTS).open("wb") as documents,
        (folder / CHUNKS).open("wb") as chunks,
    ):
        for number, held in enumerate(holdings):
            to = at + texts.write(held.text.encode())
            record = msgspec.structs.replace(held.record, at=at, to=to)
            documents.write(msgspec.json.encode(record) + b"\n")
            for chunk in held.chunks:
                line = msgspec.json.encode(moved(chunk, number, at)) + b"\n"
                offsets.append(offsets[-1] + chunks.write(line))
            held_chunks.append(len(held.chunks))
            group_sets.append(numbers.setdefault(tuple(record.groups), len(numbers)))
            at = to
    np.save(folder / CHUNK_OFFSETS, np.frombuffer(offsets, dtype=np.int64), allow_pickle=False)
    sets = sorted(numbers)
    place = np.empty(len(sets), dtype=np.int32)
    for position, names in enumerate(sets):
        place[numbers[names]] = position
    counts = np.frombuffer(held_chunks, dtype=np.int64)
    columns = np.empty((2, len(offsets) - 1), dtype=np.int32)
    columns[0] = np.repeat(np.arange(len(counts)), counts)
    columns[1] = np.repeat(place[np.frombuffer(group_sets, dtype=np.int64)], counts)
    np.save(folder / COLUMNS, columns, allow_pickle=False)
    (folder / GROUPS).write_bytes(msgspec.json.encode(sets))
    return Draft(folder, len(counts), columns.shape[1], _version_of(folder))


def _version_of(folder: Path) -> str:
    """The corpus version: a hash over how it was cut, and every document and chunk in order."""
    digest = hashlib.sha256(f"{STRATEGY}/{MIN_CHARS}/{MAX_CHARS}/{WINDOW_CHARS}\n".encode())
    for name in (DOCUMENTS, CHUNKS):
        with (folder / name).open("rb") as lines:
            for line in lines:
                digest.update(line.removesuffix(b"\n"))
    return digest.hexdigest()[:16]
