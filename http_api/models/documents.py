"""Bodies of the indexed documents."""

from __future__ import annotations

from copilot.documents.status import State as DocumentState
from http_api.models.base import Count, Milliseconds, Model


class _DocumentHead(Model):
    document: str
    title: str
    url: str | None
    format: str
    date: str | None
    groups: list[str]
    pages: int | None
    characters: Count


class DocumentSummary(_DocumentHead):
    """A document; ``document`` is its id, as in ``Source.document``. ``sections`` and ``chunks``
    are numbers of them. Answers come from those that are in the index, which have chunks.

    ``status`` says how far an uploaded document has come, since ``status_at``, and ``reason`` why
    it failed or waits; what was not uploaded is ``indexed``."""

    sections: Count
    chunks: Count
    status: DocumentState
    status_at: Milliseconds | None
    reason: str | None


class DocumentPage(Model):
    """What is indexed, as far as the caller may see it, after what is not indexed yet, or failed,
    or was removed today."""

    corpus_version: str
    model: str
    built_at: Milliseconds | None
    items: list[DocumentSummary]
    next_cursor: str | None


class Section(Model):
    """A section of a document; ``start`` is the character at which its first chunk begins."""

    title: str
    start: Count


class Document(_DocumentHead):
    """A document with its sections."""

    sections: list[Section]
    chunk_count: Count


class Chunk(Model):
    """One indexed passage. ``n`` counts from 0 within the document; ``start``/``end`` are
    characters of the document's text."""

    n: Count
    chunk_id: str
    start: Count
    end: Count
    page: int | None
    section: str | None
    text: str


class ChunkPage(Model):
    """Chunks in the order of the document."""

    items: list[Chunk]
    next_cursor: str | None


class Span(Model):
    """Characters of the document's text."""

    start: Count
    end: Count


class ChunkInContext(Model):
    """A chunk between its neighbours; ``span`` is the asked-for part that lies in ``chunk``."""

    chunk: Chunk
    before: Chunk | None
    after: Chunk | None
    span: Span | None
