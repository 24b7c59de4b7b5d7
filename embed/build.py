"""Build or update an index bundle: plan, embed what is new, write, swap."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.index_bundle.manifest import (
    IndexManifest,
    IndexUnusable,
    read_manifest,
    verify_files,
    verify_lexical,
    verify_model,
)
from embed.bundle_writer import write_bundle
from embed.engine import Engine
from embed.plan import Plan
from embed.swap import staged
from embed.windows import windows_of
from inference.ports import Embedder
from inference.retrieval.chunk_store import ChunkStore
from inference.retrieval.dense_index import VECTORS, WINDOWS, open_vectors
from inference.retrieval.faiss_retriever import LEXICAL_KIND

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

Report = Callable[[str, int, int], None]
Known = dict[str, tuple[Any, int]]
"""Texts of the old bundle, each with the FAISS index and the number of its vector there."""

# Sorted by length over the whole corpus, texts of one window need almost no padding.
_WINDOW = 32


@dataclass(frozen=True)
class Outcome:
    """What a build did. ``embedded`` chunks were new, ``kept`` came from the old bundle."""

    manifest: IndexManifest
    embedded: int
    kept: int
    unchanged: bool


def build(
    plan: Plan, out: Path, embedder: Embedder, *, engine: Engine, reuse: bool, report: Report
) -> Outcome:
    """Make ``out`` the bundle of ``plan``.

    Where ``out`` already is that bundle, nothing is done. ``reuse`` takes the vectors of chunks
    that the old bundle has too; ``engine`` embeds the others.

    Raises:
        IndexUnusable: ``reuse`` was asked for, but the old bundle is missing, damaged or made by
            another model.
        EmbedError: ``out`` is not a bundle, or another build is at it.
    """
    if not reuse and (current := _current(out, plan, embedder)):
        return Outcome(current, 0, len(plan.chunks), unchanged=True)
    known: Known = {}
    if reuse:
        old = _verified(out, embedder)
        if old.corpus_version == plan.corpus_version:
            return Outcome(old, 0, len(plan.chunks), unchanged=True)
        known = _known(out)
    with staged(out) as folder:
        chunks = len(plan.chunks)
        texts = [*plan.embedded, *(text for held in plan.windows for text in held)]
        vectors = _vectors(texts, embedder, known, engine, report)
        report("Writing", 0, 1)
        manifest = write_bundle(
            folder, plan, vectors[:chunks], vectors[chunks:], model_id=embedder.model_id
        )
        report("Writing", 1, 1)
    kept = sum(text in known for text in plan.embedded)
    return Outcome(manifest, len(plan.chunks) - kept, kept, unchanged=False)


def _verified(out: Path, embedder: Embedder) -> IndexManifest:
    manifest = read_manifest(out)
    verify_model(manifest, model_id=embedder.model_id, dimension=embedder.dimension, bundle=out)
    verify_lexical(manifest, lexical=LEXICAL_KIND, bundle=out)
    verify_files(out, manifest)
    return manifest


def _current(out: Path, plan: Plan, embedder: Embedder) -> IndexManifest | None:
    try:
        manifest = _verified(out, embedder)
    except IndexUnusable:
        return None
    return manifest if manifest.corpus_version == plan.corpus_version else None


def _known(out: Path) -> Known:
    """Where the old bundle holds the vector of each text that it embedded."""
    store, known = ChunkStore(out), Known()
    vectors, windows = open_vectors(out / VECTORS), open_vectors(out / WINDOWS)
    at = 0
    for number in range(len(store)):
        chunk = store.chunk(number)
        text = store.text(chunk)
        known[f"{chunk.lead}\n{text}"] = (vectors, number)
        for window in windows_of(text, chunk.lead):
            known[window] = (windows, at)
            at += 1
    return known


def _vectors(
    texts: Sequence[str], embedder: Embedder, known: Known, engine: Engine, report: Report
) -> Vectors:
    import numpy as np

    vectors = np.empty((len(texts), embedder.dimension), dtype=np.float32)
    new: list[int] = []
    for row, text in enumerate(texts):
        if text in known:
            index, number = known[text]
            vectors[row] = index.reconstruct(number)
        else:
            new.append(row)
    new.sort(key=lambda row: len(texts[row]))
    windows = [new[i : i + _WINDOW] for i in range(0, len(new), _WINDOW)]
    done = 0
    report("Embedding", 0, len(new))
    batches = engine.run(
        functools.partial(_embedding, embedder), [[texts[row] for row in rows] for rows in windows]
    )
    with contextlib.closing(batches):
        for rows, batch in zip(windows, batches, strict=True):
            vectors[rows] = batch
            done += len(rows)
            report("Embedding", done, len(new))
    return vectors


def _embedding(embedder: Embedder) -> Callable[[Sequence[str]], Vectors]:
    return embedder.embed
