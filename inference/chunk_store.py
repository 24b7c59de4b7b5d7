"""The chunks and documents of a bundle, memory-mapped: opening costs nothing, a chunk one decode.

A chunk's text is stored once, inside its document's extracted text.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from inference.mapped_file import map_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CHUNKS = "chunks.jsonl"
CHUNK_OFFSETS = "chunks.offsets.npy"
COLUMNS = "chunks.columns.npy"
DOCUMENTS = "documents.jsonl"
TEXTS = "texts.txt"
GROUPS = "groups.json"

Metadata = dict[str, str | list[str]]


class ChunkRecord(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One chunk. ``start``/``end`` are characters of the document's text, ``at``/``to`` bytes of
    the bundle's ``texts.txt``; ``lead`` is what was put before the text for embedding and lexical
    search only (title, section, the header of a table that was cut)."""

    id: str
    document: int
    start: int
    end: int
    at: int
    to: int
    lead: str = ""
    page: int | None = None
    section: str | None = None


class DocumentRecord(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One document. ``path`` is relative to the corpus root; ``at``/``to`` are bytes of
    ``texts.txt``; ``metadata`` holds what filters may ask for."""

    path: str
    title: str
    at: int
    to: int
    sha256: str
    url: str | None = None
    groups: list[str] = []
    metadata: Metadata = {}


class ChunkStore:
    """Reads chunks, their text and their documents by number."""

    def __init__(self, bundle: Path) -> None:
        """Map the files of ``bundle``."""
        import numpy as np

        self._bundle = bundle
        self._chunks = map_file(bundle / CHUNKS)
        self._texts = map_file(bundle / TEXTS)
        self._offsets = np.load(bundle / CHUNK_OFFSETS, mmap_mode="r", allow_pickle=False)
        self._columns = np.load(bundle / COLUMNS, mmap_mode="r", allow_pickle=False)
        self._group_sets = [
            frozenset(names)
            for names in msgspec.json.decode((bundle / GROUPS).read_bytes(), type=list[list[str]])
        ]
        self._decoder = msgspec.json.Decoder(ChunkRecord)
        self._documents: list[DocumentRecord] | None = None

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def chunk(self, number: int) -> ChunkRecord:
        """Return chunk ``number`` (0-based, in the order of the vectors)."""
        line = self._chunks[int(self._offsets[number]) : int(self._offsets[number + 1])]
        return self._decoder.decode(line)

    def text(self, record: ChunkRecord | DocumentRecord) -> str:
        """Return the text of a chunk, or the whole extracted text of a document."""
        return bytes(self._texts[record.at : record.to]).decode()

    @property
    def documents(self) -> list[DocumentRecord]:
        """Every document, by number. Read on first use."""
        if self._documents is None:
            lines = (self._bundle / DOCUMENTS).read_bytes().splitlines()
            decode = msgspec.json.Decoder(DocumentRecord).decode
            self._documents = [decode(line) for line in lines]
        return self._documents

    def visible(
        self, groups: frozenset[str], filters: Mapping[str, str] | None
    ) -> NDArray[np.bool_] | None:
        """Return which chunks a caller may see, shape ``(chunks,)``, or ``None`` for all of them.

        A chunk is visible if its document shares a group with ``groups``, and if the document's
        metadata has every value of ``filters`` (a list holds it); ``document`` asks for a path.
        """
        import numpy as np

        allowed = np.array([bool(names & groups) for names in self._group_sets], dtype=np.bool_)
        if not filters:
            return None if allowed.all() else allowed[self._columns[1]]
        kept = np.array([_matches(d, filters) for d in self.documents], dtype=np.bool_)
        mask: NDArray[np.bool_] = allowed[self._columns[1]] & kept[self._columns[0]]
        return mask


def _matches(document: DocumentRecord, filters: Mapping[str, str]) -> bool:
    for key, wanted in filters.items():
        value = document.path if key == "document" else document.metadata.get(key)
        if wanted != value and not (isinstance(value, list) and wanted in value):
            return False
    return True
