"""What an index will hold, before anything is embedded: documents, chunks and their version.

The plan is a pure function of the documents: same files, same plan, same ``corpus_version``.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from copilot.index_bundle.texts import ChunkRecord, DocumentRecord
from embed.chunking import MAX_CHARS, MIN_CHARS, STRATEGY, Chunk, chunk_document
from embed.document import Document
from embed.engine import Engine, LocalEngine
from embed.windows import WINDOW_CHARS, windows_of


@dataclass(frozen=True)
class Plan:
    """The records of a bundle in order, and the text of each document."""

    documents: list[DocumentRecord]
    texts: list[str]
    chunks: list[ChunkRecord]
    embedded: list[str]
    """What is embedded and searched of each chunk: its lead and its text."""
    windows: list[list[str]]
    """What is embedded of each chunk besides, window by window; none for short chunks."""
    corpus_version: str
    duplicates: int


def make_plan(
    documents: Sequence[Document],
    *,
    default_groups: Sequence[str],
    cut: Callable[[Document], Sequence[Chunk]] = chunk_document,
    engine: Engine | None = None,
) -> Plan:
    """Cut ``documents`` with ``cut``, drop repeated chunks and compute the version.

    ``engine`` cuts them; without one, this thread does.

    A chunk is a repeat if title, section and text are the same as those of an earlier one that the
    same groups may see: two years' tariffs share sentences, but not titles.
    """
    records: list[DocumentRecord] = []
    chunks: list[ChunkRecord] = []
    embedded: list[str] = []
    windows: list[list[str]] = []
    seen: set[tuple[str, tuple[str, ...]]] = set()
    at = duplicates = 0
    ordered = sorted(documents, key=lambda d: d.path)
    cuts = (engine or LocalEngine()).run(functools.partial(_cutting, cut), ordered)
    for number, (document, pieces) in enumerate(zip(ordered, cuts, strict=True)):
        record = _document_record(document, at, default_groups)
        records.append(record)
        offsets = _ByteOffsets(document.text, at)
        for chunk in pieces:
            text = document.text[chunk.start : chunk.end]
            said = f"{chunk.lead}\n{text}"
            key = (" ".join(said.split()).casefold(), tuple(record.groups))
            if key in seen:
                duplicates += 1
                continue
            seen.add(key)
            embedded.append(said)
            windows.append(windows_of(text, chunk.lead))
            chunks.append(
                ChunkRecord(
                    id=_chunk_id(document.path, said),
                    document=number,
                    start=chunk.start,
                    end=chunk.end,
                    at=offsets.of(chunk.start),
                    to=offsets.of(chunk.end),
                    lead=chunk.lead,
                    page=chunk.page,
                    section=chunk.section,
                )
            )
        at = record.to
    texts = [document.text for document in ordered]
    version = version_of(records, chunks)
    return Plan(records, texts, chunks, embedded, windows, version, duplicates)


def _cutting(
    cut: Callable[[Document], Sequence[Chunk]],
) -> Callable[[Document], Sequence[Chunk]]:
    return cut


def _document_record(document: Document, at: int, default_groups: Sequence[str]) -> DocumentRecord:
    raw = document.text.encode()
    return DocumentRecord(
        path=document.path,
        title=document.title,
        at=at,
        to=at + len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        url=document.url,
        groups=sorted(document.groups or default_groups),
        metadata=document.metadata,
    )


def _chunk_id(path: str, said: str) -> str:
    """The id changes with what the chunk says, not with where it stands."""
    return hashlib.sha256(f"{path}\0{said}".encode()).hexdigest()[:20]


def version_of(documents: Sequence[DocumentRecord], chunks: Sequence[ChunkRecord]) -> str:
    """The corpus version of an index with these records, in this order."""
    digest = hashlib.sha256(f"{STRATEGY}/{MIN_CHARS}/{MAX_CHARS}/{WINDOW_CHARS}\n".encode())
    for record in (*documents, *chunks):
        digest.update(msgspec.json.encode(record))
    return digest.hexdigest()[:16]


class _ByteOffsets:
    """Byte positions in the bundle's text of rising character positions of one document."""

    def __init__(self, text: str, base: int) -> None:
        self._text = text
        self._character = 0
        self._byte = base

    def of(self, character: int) -> int:
        if character < self._character:
            self._byte -= len(self._text[character : self._character].encode())
        else:
            self._byte += len(self._text[self._character : character].encode())
        self._character = character
        return self._byte
