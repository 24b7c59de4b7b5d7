"""The indexed documents, from the bundle that the retriever answers from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from copilot.documents.status import DocumentStatus
from copilot.identity import Identity
from copilot.index_bundle.manifest import IndexManifest, read_manifest, verify_files
from copilot.index_bundle.texts import FILES, ChunkRecord, DocumentRecord, IndexTexts
from http_api.cursors import decode_cursor, encode_cursor, invalid_cursor
from http_api.documents.waiting import title_of, waiting_summary
from http_api.models.base import Health
from http_api.models.documents import (
    Chunk,
    ChunkInContext,
    ChunkPage,
    Document,
    DocumentPage,
    DocumentSummary,
    Section,
    Span,
)
from http_api.problems import not_found

_HASHED = 64 * 1024 * 1024
"""Larger files are only measured: a first request has no time to hash them."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Indexed:
    """A document with its chunks, in the order of its text."""

    record: DocumentRecord
    chunks: list[ChunkRecord]


class BundleDocumentDesk:
    """``services.DocumentDesk`` over the bundle that ``bundle`` names at each request; one is read
    on first use, and kept until another is named. ``statuses`` says what became of uploads."""

    def __init__(
        self, bundle: Callable[[], Path], statuses: Callable[[], list[DocumentStatus]]
    ) -> None:
        self._bundle = bundle
        self._statuses = statuses
        self._opened: _Opened | None = None

    def health(self) -> Health:
        return self._open().health()

    def page(
        self, who: Identity, query: str | None, cursor: str | None, limit: int
    ) -> DocumentPage:
        statuses = [s for s in self._statuses() if who.reads.intersection(s.groups)]
        return self._open().page(who, statuses, query, cursor, limit)

    def get(self, who: Identity, document: str) -> Document:
        return self._open().get(who, document)

    def chunks(self, who: Identity, document: str, cursor: str | None, limit: int) -> ChunkPage:
        return self._open().chunks(who, document, cursor, limit)

    def chunk(
        self, who: Identity, document: str, n: str, start: int | None, end: int | None
    ) -> ChunkInContext:
        return self._open().chunk(who, document, n, start, end)

    def _open(self) -> _Opened:
        bundle = self._bundle()
        if self._opened is None or self._opened.bundle != bundle:
            self._opened = _Opened(bundle)
        return self._opened


class _Opened:
    """One bundle, whose parts are read on first use."""

    def __init__(self, bundle: Path) -> None:
        self.bundle = bundle

    def health(self) -> Health:
        return Health(corpus_version=self._manifest.corpus_version)

    def page(
        self,
        who: Identity,
        statuses: list[DocumentStatus],
        query: str | None,
        cursor: str | None,
        limit: int,
    ) -> DocumentPage:
        words = (query or "").lower().split()
        documents = self._texts.documents
        status_of = {status.path: status for status in statuses}
        indexed = {record.path for record in documents}
        waiting = sorted(
            (s for s in statuses if s.path not in indexed), key=lambda s: (-s.changed_at, s.path)
        )
        found: list[DocumentStatus | int] = [
            status
            for status in waiting
            if all(word in _searched(title_of(status.path), status.path) for word in words)
        ]
        found += [
            number
            for number in self._seen_by(who)
            if all(
                word in _searched(documents[number].title, documents[number].path) for word in words
            )
        ]
        page, following = _cut(found, cursor, limit)
        manifest = self._manifest
        return DocumentPage(
            corpus_version=manifest.corpus_version,
            model=manifest.model_id,
            built_at=_milliseconds(manifest.created),
            items=[
                self._summary(item, status_of.get(documents[item].path))
                if isinstance(item, int)
                else waiting_summary(item)
                for item in page
            ],
            next_cursor=following,
        )

    def get(self, who: Identity, document: str) -> Document:
        indexed = self._indexed(self._number(who, document))
        sections: dict[str, int] = {}
        for chunk in indexed.chunks:
            if chunk.section:
                sections.setdefault(chunk.section, chunk.start)
        return Document.model_validate(
            {
                **self._head(indexed),
                "sections": [Section(title=t, start=s) for t, s in sections.items()],
                "chunk_count": len(indexed.chunks),
            }
        )

    def chunks(self, who: Identity, document: str, cursor: str | None, limit: int) -> ChunkPage:
        chunks = self._indexed(self._number(who, document)).chunks
        page, following = _cut(list(range(len(chunks))), cursor, limit)
        return ChunkPage(items=[self._chunk(n, chunks[n]) for n in page], next_cursor=following)

    def chunk(
        self, who: Identity, document: str, n: str, start: int | None, end: int | None
    ) -> ChunkInContext:
        chunks = self._indexed(self._number(who, document)).chunks
        place = _place(chunks, n)

        def beside(other: int) -> Chunk | None:
            return self._chunk(other, chunks[other]) if 0 <= other < len(chunks) else None

        return ChunkInContext(
            chunk=self._chunk(place, chunks[place]),
            before=beside(place - 1),
            after=beside(place + 1),
            span=_span(chunks[place], start, end),
        )

    # --- inside ------------------------------------------------------------------------------

    @cached_property
    def _manifest(self) -> IndexManifest:
        return read_manifest(self.bundle)

    @cached_property
    def _texts(self) -> IndexTexts:
        files = {name: entry for name, entry in self._manifest.files.items() if name in FILES}
        verify_files(self.bundle, replace(self._manifest, files=files), hash_limit_bytes=_HASHED)
        return IndexTexts(self.bundle)

    @cached_property
    def _numbers(self) -> list[list[int]]:
        return self._texts.chunks_by_document()

    def _seen_by(self, who: Identity) -> list[int]:
        """The numbers of the documents that the caller's groups may read."""
        reads, documents = who.reads, self._texts.documents
        return [n for n, record in enumerate(documents) if reads.intersection(record.groups)]

    def _number(self, who: Identity, document: str) -> int:
        for number in self._seen_by(who):
            if self._texts.documents[number].path == document:
                return number
        raise not_found("unknown_document", "There is no such document.")

    def _indexed(self, number: int) -> _Indexed:
        chunks = [self._texts.chunk(n) for n in self._numbers[number]]
        return _Indexed(self._texts.documents[number], sorted(chunks, key=lambda c: c.start))

    def _head(self, indexed: _Indexed) -> dict[str, object]:
        record = indexed.record
        date, form = record.metadata.get("date"), record.metadata.get("format")
        pages = [chunk.page for chunk in indexed.chunks if chunk.page is not None]
        return {
            "document": record.path,
            "title": record.title,
            "url": record.url,
            "format": form if isinstance(form, str) else Path(record.path).suffix.lstrip("."),
            "date": date if isinstance(date, str) else None,
            "groups": record.groups,
            "pages": max(pages, default=None),
            "characters": len(self._texts.text(record)),
        }

    def _summary(self, number: int, status: DocumentStatus | None) -> DocumentSummary:
        indexed = self._indexed(number)
        return DocumentSummary.model_validate(
            {
                **self._head(indexed),
                "sections": len({c.section for c in indexed.chunks if c.section}),
                "chunks": len(indexed.chunks),
                "status": "indexed" if status is None else status.state,
                "status_at": None if status is None else status.changed_at,
                "reason": None if status is None else status.reason,
            }
        )

    def _chunk(self, n: int, record: ChunkRecord) -> Chunk:
        return Chunk(
            n=n,
            chunk_id=record.id,
            start=record.start,
            end=record.end,
            page=record.page,
            section=record.section,
            text=self._texts.text(record),
        )


def _searched(title: str, path: str) -> str:
    return f"{title}\n{path}".lower()


def _cut(numbers: list[T], cursor: str | None, limit: int) -> tuple[list[T], str | None]:
    """A page of ``numbers``, and the cursor of the next one."""
    (at,) = decode_cursor(cursor, tuple[int]) if cursor else (0,)
    if at < 0:
        raise invalid_cursor()
    following = encode_cursor([at + limit]) if at + limit < len(numbers) else None
    return numbers[at : at + limit], following


def _place(chunks: list[ChunkRecord], n: str) -> int:
    """The place of a chunk by its number or id."""
    for place, chunk in enumerate(chunks):
        if chunk.id == n:
            return place
    if n.isascii() and n.isdigit() and len(n) < 10 and int(n) < len(chunks):
        return int(n)
    raise not_found("unknown_chunk", "There is no such chunk in this document.")


def _span(chunk: ChunkRecord, start: int | None, end: int | None) -> Span | None:
    """The part of ``start..end`` that lies in the chunk, if any."""
    if start is None or end is None:
        return None
    first, last = max(start, chunk.start), min(end, chunk.end)
    return Span(start=first, end=last) if first < last else None


def _milliseconds(created: str) -> int | None:
    try:
        return int(datetime.fromisoformat(created).timestamp() * 1000)
    except ValueError:
        return None
