"""What an index holds, document by document, and the plan of an index made of such parts. Pure but
for reading a bundle.

A document taken over from a bundle keeps its chunks as they are; nothing of it is read, cut or
embedded again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from copilot.index_bundle.texts import ChunkRecord, DocumentRecord, IndexTexts
from embed.document import Document
from embed.plan import Plan, make_plan, version_of
from embed.windows import windows_of


@dataclass(frozen=True)
class Held:
    """One document with its text and its chunks; byte positions count from its own beginning."""

    record: DocumentRecord
    text: str
    chunks: Sequence[ChunkRecord]


def held_in(bundle: Path) -> list[Held]:
    """The documents of a bundle, which must have been verified."""
    texts = IndexTexts(bundle)
    return [
        Held(
            replace(record, at=0, to=record.to - record.at),
            texts.text(record),
            [_moved(texts.chunk(n), 0, -record.at) for n in numbers],
        )
        for record, numbers in zip(texts.documents, texts.chunks_by_document(), strict=True)
    ]


def held_of(document: Document, groups: Sequence[str]) -> Held:
    """A document that was just read; ``groups`` may see it, whatever it says of itself.

    Repeats within it are dropped; those of other documents are not, since they may be removed.
    """
    plan = make_plan([document], default_groups=groups)
    return Held(replace(plan.documents[0], groups=sorted(groups)), plan.texts[0], plan.chunks)


def plan_of(holdings: Iterable[Held]) -> Plan:
    """The index of ``holdings``, whose paths differ."""
    documents: list[DocumentRecord] = []
    texts: list[str] = []
    chunks: list[ChunkRecord] = []
    embedded: list[str] = []
    windows: list[list[str]] = []
    at = 0
    for number, held in enumerate(sorted(holdings, key=lambda h: h.record.path)):
        documents.append(replace(held.record, at=at, to=at + held.record.to))
        texts.append(held.text)
        raw = held.text.encode()
        for chunk in held.chunks:
            text = raw[chunk.at : chunk.to].decode()
            chunks.append(_moved(chunk, number, at))
            embedded.append(f"{chunk.lead}\n{text}")
            windows.append(windows_of(text, chunk.lead))
        at += held.record.to
    return Plan(documents, texts, chunks, embedded, windows, version_of(documents, chunks), 0)


def _moved(chunk: ChunkRecord, document: int, by: int) -> ChunkRecord:
    return replace(chunk, document=document, at=chunk.at + by, to=chunk.to + by)
