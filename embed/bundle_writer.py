"""Make a whole bundle of a draft and its vectors, the manifest last. No pickle anywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from copilot.index_bundle.manifest import (
    MANIFEST_NAME,
    SCHEMA_VERSION,
    Chunking,
    Counts,
    FileEntry,
    IndexManifest,
    sha256_of,
)
from embed.array_file import VectorFile
from embed.blocks import BLOCKS, Blocks
from embed.chunking import MAX_CHARS, STRATEGY
from embed.draft import Draft
from embed.embedded import EmbeddedTexts
from embed.lexical_writer import LexicalWriter
from embed.vector_index import write_vectors, write_windows
from inference.ports import Embedder
from inference.retrieval.dense_index import VECTORS, WINDOW_STARTS, WINDOWS
from inference.retrieval.faiss_retriever import LEXICAL, LEXICAL_KIND, PAIRS
from inference.text.words import Analyser, pairs_of

Report = Callable[[str, int, int], None]

_REPORTED = 1000
"""Chunks between two reports."""


def write_words(
    folder: Path,
    texts: EmbeddedTexts,
    scratch: Path,
    report: Report,
    blocks: Blocks = BLOCKS,
) -> None:
    """Write the two lexical indexes of a draft in ``folder``: of words, and of pairs of words."""
    analyser = Analyser()
    words, pairs = (
        LexicalWriter(scratch / name, block_postings=blocks.postings) for name in (LEXICAL, PAIRS)
    )
    for number in range(len(texts)):
        if number % _REPORTED == 0:
            report("Words", number, len(texts))
        text = texts.whole(number)
        found = analyser.words(text)
        words.add(found + analyser.compounds(text))
        pairs.add(pairs_of(found))
    words.write(folder / LEXICAL)
    pairs.write(folder / PAIRS)
    report("Words", len(texts), len(texts))


def write_rest(
    draft: Draft,
    vectors: VectorFile,
    window_starts: NDArray[np.int64],
    embedder: Embedder,
    blocks: Blocks = BLOCKS,
) -> IndexManifest:
    """Write the vectors' indexes and then the manifest, which is returned.

    ``vectors`` holds those of the chunks and, behind them, those of their windows, those of chunk
    ``n`` from ``window_starts[n]`` on.
    """
    folder = draft.folder
    chunks = vectors.rows(0, draft.chunks)
    windows = vectors.rows(draft.chunks, int(window_starts[-1]))
    kind, recall = write_vectors(folder / VECTORS, chunks, block=blocks.vectors)
    write_windows(folder / WINDOWS, windows, block=blocks.vectors)
    np.save(folder / WINDOW_STARTS, window_starts, allow_pickle=False)
    manifest = IndexManifest(
        schema=SCHEMA_VERSION,
        model_id=embedder.model_id,
        dimension=embedder.dimension,
        corpus_version=draft.corpus_version,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        faiss_kind=kind,
        faiss_recall=recall,
        lexical=LEXICAL_KIND,
        chunking=Chunking(strategy=STRATEGY, max_chars=MAX_CHARS, overlap_chars=0),
        counts=Counts(documents=draft.documents, chunks=draft.chunks),
        files={
            path.relative_to(folder).as_posix(): FileEntry(
                bytes=path.stat().st_size, sha256=sha256_of(path)
            )
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
    )
    raw = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    (folder / MANIFEST_NAME).write_bytes(raw + b"\n")
    return manifest
