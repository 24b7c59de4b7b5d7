"""Completes a passage whose chunk cuts a clause with the adjoining part of its neighbour."""

from __future__ import annotations

from msgspec import structs

from copilot.index_bundle.texts import ChunkRecord
from inference.ports import Passage
from inference.retrieval.chunk_store import ChunkStore
from inference.text.clauses import beginning, is_cut, rest


class Neighbours:
    """Reads the chunks beside a chunk. A neighbour stands in the same document and section."""

    def __init__(self, store: ChunkStore) -> None:
        self._store = store

    def completed(self, passage: Passage, number: int) -> Passage:
        """Return ``passage``, the whole of chunk ``number``, with the clauses that it cuts made
        whole; ``text`` stays exactly ``start`` to ``end`` of the document."""
        own = self._store.chunk(number)
        left = self._before(own, number, passage.text)
        right = self._after(own, number, passage.text)
        if not left and not right:
            return passage
        return structs.replace(
            passage,
            text=left + passage.text + right,
            start=passage.start - len(left),
            end=passage.end + len(right),
        )

    def _before(self, own: ChunkRecord, number: int, text: str) -> str:
        other = self._beside(own, number - 1)
        if other is None or other.to > own.at:
            return ""
        before, gap = self._store.text(other), self._between(other, own)
        if not is_cut(before, gap, text):
            return ""
        taken = before[beginning(before) :]
        return taken + gap if taken else ""

    def _after(self, own: ChunkRecord, number: int, text: str) -> str:
        other = self._beside(own, number + 1)
        if other is None or own.to > other.at:
            return ""
        after, gap = self._store.text(other), self._between(own, other)
        if not is_cut(text, gap, after):
            return ""
        taken = after[: rest(after)]
        return gap + taken if taken else ""

    def _beside(self, own: ChunkRecord, number: int) -> ChunkRecord | None:
        if not 0 <= number < len(self._store):
            return None
        other = self._store.chunk(number)
        same = (other.document, other.section) == (own.document, own.section)
        return other if same else None

    def _between(self, first: ChunkRecord, second: ChunkRecord) -> str:
        return self._store.text(structs.replace(first, at=first.to, to=second.at))
