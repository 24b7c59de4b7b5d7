"""Write the files of an index bundle into a folder, the manifest last. No pickle anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from copilot.index_bundle.manifest import (
    MANIFEST_NAME,
    SCHEMA_VERSION,
    Chunking,
    Counts,
    FileEntry,
    IndexManifest,
    sha256_of,
)
from copilot.index_bundle.texts import CHUNK_OFFSETS, CHUNKS, COLUMNS, DOCUMENTS, GROUPS, TEXTS
from embed.chunking import MAX_CHARS, STRATEGY
from embed.plan import Plan
from embed.vector_index import write_vectors, write_windows
from inference.retrieval.dense_index import VECTORS, WINDOW_STARTS, WINDOWS
from inference.retrieval.faiss_retriever import LEXICAL, LEXICAL_KIND, PAIRS
from inference.retrieval.lexical_index import (
    CHUNK_NUMBERS,
    COLUMN_STARTS,
    SCORES,
    VOCABULARY,
    VOCABULARY_OFFSETS,
)
from inference.text.words import Analyser, pairs_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

# Chunks are all of about one length, so that length says little and repetition less (ADR 33).
BM25_K1 = 0.9
BM25_B = 0.4


def write_bundle(
    folder: Path, plan: Plan, vectors: Vectors, windows: Vectors, *, model_id: str
) -> IndexManifest:
    """Write every file of the bundle into ``folder`` and return its manifest.

    ``vectors`` has the shape ``(chunks, dimension)``, in the order of ``plan.chunks``; ``windows``
    ``(windows, dimension)``, chunk by chunk in the order of ``plan.windows``.
    """
    import numpy as np

    write_chunks(folder, plan)
    analyser = Analyser()
    words = [analyser.words(text) for text in plan.embedded]
    compounds = [analyser.compounds(text) for text in plan.embedded]
    write_lexical(folder / LEXICAL, [a + b for a, b in zip(words, compounds, strict=True)])
    write_lexical(folder / PAIRS, [pairs_of(found) for found in words])
    kind, recall = write_vectors(folder / VECTORS, vectors)
    write_windows(folder / WINDOWS, windows)
    starts = np.cumsum([0, *(len(held) for held in plan.windows)], dtype=np.int64)
    _save(folder / WINDOW_STARTS, starts)
    manifest = IndexManifest(
        schema=SCHEMA_VERSION,
        model_id=model_id,
        dimension=int(vectors.shape[1]),
        corpus_version=plan.corpus_version,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        faiss_kind=kind,
        faiss_recall=recall,
        lexical=LEXICAL_KIND,
        chunking=Chunking(strategy=STRATEGY, max_chars=MAX_CHARS, overlap_chars=0),
        counts=Counts(documents=len(plan.documents), chunks=len(plan.chunks)),
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


def write_chunks(folder: Path, plan: Plan) -> None:
    """Write documents, their texts, and the chunks with their offsets and columns."""
    import numpy as np

    (folder / TEXTS).write_bytes("".join(plan.texts).encode())
    (folder / DOCUMENTS).write_bytes(
        b"".join(msgspec.json.encode(d) + b"\n" for d in plan.documents)
    )
    lines = [msgspec.json.encode(c) + b"\n" for c in plan.chunks]
    (folder / CHUNKS).write_bytes(b"".join(lines))
    _save(folder / CHUNK_OFFSETS, _offsets(lines))
    sets = sorted({tuple(d.groups) for d in plan.documents})
    number = {names: i for i, names in enumerate(sets)}
    columns = np.array(
        [
            [c.document for c in plan.chunks],
            [number[tuple(plan.documents[c.document].groups)] for c in plan.chunks],
        ],
        dtype=np.int32,
    )
    _save(folder / COLUMNS, columns)
    (folder / GROUPS).write_bytes(msgspec.json.encode(sets))


def write_lexical(folder: Path, words: Sequence[Sequence[str]]) -> None:
    """Score every term of every chunk with bm25s, and store its matrix term by term.

    ``words`` are the terms of each chunk: words, or pairs of them.
    """
    import bm25s
    import numpy as np

    folder.mkdir()
    # Sorted as bytes, which is how the reader searches.
    vocabulary = sorted({word.encode() for found in words for word in found})
    number = {word.decode(): i for i, word in enumerate(vocabulary)}
    model = bm25s.BM25(method="lucene", k1=BM25_K1, b=BM25_B)
    if vocabulary:
        ids = [[number[word] for word in found] for found in words]
        model.index((ids, number), show_progress=False, create_empty_token=False)
        starts, chunks, scores = (model.scores[key] for key in ("indptr", "indices", "data"))
    else:
        starts, chunks, scores = np.zeros(1), np.zeros(0), np.zeros(0)
    lines = [word + b"\n" for word in vocabulary]
    (folder / VOCABULARY).write_bytes(b"".join(lines))
    _save(folder / VOCABULARY_OFFSETS, _offsets(lines))
    _save(folder / COLUMN_STARTS, np.asarray(starts, dtype=np.int64))
    _save(folder / CHUNK_NUMBERS, np.asarray(chunks, dtype=np.int32))
    _save(folder / SCORES, np.asarray(scores, dtype=np.float32))


def _offsets(lines: Sequence[bytes]) -> NDArray[np.int64]:
    import numpy as np

    lengths = np.fromiter((len(line) for line in lines), dtype=np.int64, count=len(lines))
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])


def _save(path: Path, array: NDArray[Any]) -> None:
    import numpy as np

    np.save(path, array, allow_pickle=False)
