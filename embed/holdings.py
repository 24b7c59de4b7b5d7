"""One document with its text and its chunks: what an index is made of, document by document. Pure
but for reading a bundle.

A document that is read is cut into its chunks; one that is taken over from a bundle keeps those it
has, and nothing of it is read, cut or embedded again.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from copilot.index_bundle.texts import ChunkRecord, DocumentRecord, IndexTexts
from embed.chunking import Chunk, chunk_document
from embed.document import Document

Cut = Callable[[Document], Sequence[Chunk]]


@dataclass(frozen=True)
class Held:
    """One document with its text and its chunks; byte positions count from its own beginning."""

    record: DocumentRecord
    text: str
    chunks: Sequence[ChunkRecord]


def held_of(
    document: Document, *, default_groups: Sequence[str], cut: Cut = chunk_document
) -> Held:
    """A document that was just read, cut with ``cut``. ``default_groups`` may see it if it does not
    say itself who may."""
    raw = document.text.encode()
    record = DocumentRecord(
        path=document.path,
        title=document.title,
        at=0,
        to=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        url=document.url,
        groups=sorted(document.groups or default_groups),
        metadata=document.metadata,
    )
    offsets = _ByteOffsets(document.text)
    chunks = [
        ChunkRecord(
            id=_chunk_id(document.path, f"{chunk.lead}\n{document.text[chunk.start : chunk.end]}"),
            document=0,
            start=chunk.start,
            end=chunk.end,
            at=offsets.of(chunk.start),
            to=offsets.of(chunk.end),
            lead=chunk.lead,
            page=chunk.page,
            section=chunk.section,
        )
        for chunk in cut(document)
    ]
    return Held(record, document.text, chunks)


def held_in(bundle: Path) -> Iterator[Held]:
    """The documents of a bundle, which must have been verified, in the order of their paths."""
    texts = IndexTexts(bundle)
    for record, numbers in zip(texts.documents, texts.chunks_by_document(), strict=True):
        chunks = [moved(texts.chunk(number), 0, -record.at) for number in numbers]
        own = msgspec.structs.replace(record, at=0, to=record.to - record.at)
        yield Held(own, texts.text(record), chunks)


def joined(*holdings: Iterable[Held]) -> Iterator[Held]:
    """Several holdings as one in the order of paths, which each of them has."""
    return heapq.merge(*holdings, key=lambda held: held.record.path)


def moved(chunk: ChunkRecord, document: int, by: int) -> ChunkRecord:
    """``chunk`` as one of ``document``, whose text lies ``by`` bytes further on."""
    return msgspec.structs.replace(chunk, document=document, at=chunk.at + by, to=chunk.to + by)


class Repeats:
    """Drops chunks that say again what was said.

    A chunk is a repeat if title, section and text are the same as those of an earlier one that the
    same groups may see: two years' tariffs share sentences, but not titles.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._seen: set[bytes] = set()
        """Digests of 16 bytes, not the texts."""

    def without(self, held: Held) -> Held:
        """``held`` without the chunks that repeat one of it, or of an earlier document."""
        groups = "\0".join(held.record.groups)
        kept = []
        for chunk in held.chunks:
            said = f"{chunk.lead}\n{held.text[chunk.start : chunk.end]}"
            words = " ".join(said.split()).casefold()
            key = hashlib.blake2b(f"{groups}\0\0{words}".encode(), digest_size=16).digest()
            if key not in self._seen:
                self._seen.add(key)
                kept.append(chunk)
        self.dropped += len(held.chunks) - len(kept)
        return Held(held.record, held.text, kept)


def _chunk_id(path: str, said: str) -> str:
    """The id changes with what the chunk says, not with where it stands."""
    return hashlib.sha256(f"{path}\0{said}".encode()).hexdigest()[:20]


class _ByteOffsets:
    """Byte positions of rising character positions of one document."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._character = 0
        self._byte = 0

    def of(self, character: int) -> int:
        if character < self._character:
            self._byte -= len(self._text[character : self._character].encode())
        else:
            self._byte += len(self._text[self._character : character].encode())
        self._character = character
        return self._byte
