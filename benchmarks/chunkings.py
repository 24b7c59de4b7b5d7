"""Ways of cutting documents that stand beside ours in ``bench_chunking``, and what a model is shown
of each chunk that is found (the chunk itself, but for sentence windows).

All of them know the document's title; only ours knows sections.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from embed.chunking import Chunk, chunk_document
from embed.document import Document, Span
from inference.text.sentences import split

Cut = Callable[[Document], Sequence[Chunk]]
Shown = Callable[[Document, Chunk], Span]

NEIGHBOURS = 3
"""Sentences shown before and after the one that was found: the default of LlamaIndex's sentence
window parser."""


def ours(max_chars: int, min_chars: int) -> Cut:
    """Along the structure, as the product cuts."""
    return lambda document: chunk_document(document, max_chars=max_chars, min_chars=min_chars)


def fixed(size: int) -> Cut:
    """Every ``size`` characters, wherever that is."""

    def cut(document: Document) -> list[Chunk]:
        spans = [
            (at, min(at + size, len(document.text))) for at in range(0, len(document.text), size)
        ]
        return _chunks(document, spans)

    return cut


def recursive(size: int, overlap: int) -> Cut:
    """langchain's ``RecursiveCharacterTextSplitter`` at its default separators.

    Raises:
        ImportError: langchain-text-splitters is not installed (``pip install -e .[bench]``).
    """
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=size, chunk_overlap=overlap, add_start_index=True
    )

    def cut(document: Document) -> list[Chunk]:
        pieces = splitter.create_documents([document.text])
        starts = [(piece.metadata["start_index"], len(piece.page_content)) for piece in pieces]
        return _chunks(document, [(start, start + length) for start, length in starts])

    return cut


def by_sentence(document: Document) -> list[Chunk]:
    """Every sentence for itself; see ``with_neighbours``."""
    return _chunks(document, _sentences(document))


def with_neighbours(document: Document, chunk: Chunk) -> Span:
    """The sentences around the one that was found."""
    spans = _sentences(document)
    here = next(n for n, (start, _) in enumerate(spans) if start == chunk.start)
    first, last = max(0, here - NEIGHBOURS), min(len(spans) - 1, here + NEIGHBOURS)
    return spans[first][0], spans[last][1]


def itself(document: Document, chunk: Chunk) -> Span:
    """The chunk, and nothing around it."""
    return chunk.start, chunk.end


def _sentences(document: Document) -> list[Span]:
    return [(found.start, found.end) for found in split(document.text)]


def _chunks(document: Document, spans: Sequence[Span]) -> list[Chunk]:
    return [
        Chunk(start, end, document.title, None, None)
        for start, end in spans
        if document.text[start:end].strip()
    ]
