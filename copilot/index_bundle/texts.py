"""The chunks and documents of a bundle, memory-mapped: opening costs nothing, a chunk one decode.

A chunk's text is stored once, inside its document's extracted text. Needs no numpy, so that a
function that shows documents need not carry it.
"""

from __future__ import annotations

import ast
import mmap
import sys
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

CHUNKS = "chunks.jsonl"
CHUNK_OFFSETS = "chunks.offsets.npy"
COLUMNS = "chunks.columns.npy"
DOCUMENTS = "documents.jsonl"
TEXTS = "texts.txt"
GROUPS = "groups.json"

FILES = (CHUNKS, CHUNK_OFFSETS, COLUMNS, DOCUMENTS, TEXTS, GROUPS)
"""The part of a bundle that this module reads."""

Metadata = dict[str, str | list[str]]

_NPY_MAGIC = b"\x93NUMPY"
_FORMATS: dict[str, Literal["i", "q"]] = {"<i4": "i", "<i8": "q"}


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


class IndexTexts:
    """Reads chunks, their text and their documents by number."""

    def __init__(self, bundle: Path) -> None:
        """Map the files of ``bundle``."""
        self._bundle = bundle
        self._chunks = map_file(bundle / CHUNKS)
        self._texts = map_file(bundle / TEXTS)
        self._offsets = read_integers(bundle / CHUNK_OFFSETS)
        self._decoder = msgspec.json.Decoder(ChunkRecord)
        self._documents: list[DocumentRecord] | None = None

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def chunk(self, number: int) -> ChunkRecord:
        """Return chunk ``number`` (0-based, in the order of the vectors)."""
        line = self._chunks[self._offsets[number] : self._offsets[number + 1]]
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

    def read_documents(self) -> None:
        """Read what is otherwise read on first use, after which no file is opened any more."""
        assert self.documents is not None

    def chunks_by_document(self) -> list[list[int]]:
        """The numbers of the chunks of every document, in the order of its text."""
        found: list[list[int]] = [[] for _ in self.documents]
        documents = read_integers(self._bundle / COLUMNS)[: len(self)]
        for number, document in enumerate(documents):
            found[document].append(number)
        return found


def map_file(path: Path) -> mmap.mmap | bytes:
    """Map ``path`` for reading; an empty file, which cannot be mapped, gives empty bytes."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            return b""
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def read_integers(path: Path) -> memoryview[int]:
    """The values of a ``.npy`` file of little-endian 32 or 64 bit integers, row by row.

    https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

    Raises:
        ValueError: another kind of file.
    """
    raw = map_file(path)
    size_bytes = 2 if raw[6:7] == b"\x01" else 4
    start = 8 + size_bytes + int.from_bytes(raw[8 : 8 + size_bytes], "little")
    if raw[:6] != _NPY_MAGIC or sys.byteorder != "little":
        raise ValueError(f"{path} is not an array that this machine reads.")
    head = ast.literal_eval(raw[8 + size_bytes : start].decode("latin-1"))
    form = _FORMATS.get(head["descr"])
    if form is None or head["fortran_order"]:
        raise ValueError(f"{path} holds {head['descr']}, not integers row by row.")
    return memoryview(raw)[start:].cast(form)
