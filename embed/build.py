"""Build or update an index bundle: write the texts, embed what is new, index it, swap.

Every step reads what the one before has left on disk, so that no step holds the texts of the
corpus, however large it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from copilot.index_bundle.manifest import (
    IndexManifest,
    IndexUnusable,
    read_manifest,
    verify_files,
    verify_lexical,
    verify_model,
    verify_precision,
)
from copilot.index_bundle.texts import IndexTexts
from embed.array_file import VectorFile
from embed.blocks import BLOCKS, Blocks
from embed.bundle_writer import write_rest, write_words
from embed.draft import write_draft
from embed.embedded import WORDING, EmbeddedTexts, Wording
from embed.embedding import embed_texts
from embed.engine import Engine
from embed.holdings import Held
from embed.known_vectors import KnownVectors
from embed.swap import staged
from inference.ports import Embedder
from inference.retrieval.faiss_retriever import LEXICAL_KIND

Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Outcome:
    """What a build did. ``embedded`` chunks were new, ``kept`` came from the old bundle."""

    manifest: IndexManifest
    embedded: int
    kept: int
    unchanged: bool


def build(
    holdings: Iterable[Held],
    out: Path,
    embedder: Embedder,
    *,
    engine: Engine,
    reuse: bool,
    report: Report,
    wording: Wording = WORDING,
    blocks: Blocks = BLOCKS,
) -> Outcome:
    """Make ``out`` the bundle of ``holdings``, in their order.

    Where ``out`` already is that bundle, it stays. ``reuse`` takes the vectors of texts that the
    old bundle has too; ``engine`` embeds the others. ``wording`` says what is embedded of a chunk,
    ``blocks`` how much is held at a time.

    Raises:
        IndexUnusable: ``reuse`` was asked for, but the old bundle is missing, damaged or made by
            another model or in another precision.
        EmbedError: ``out`` is not a bundle, or another build is at it; and what ``holdings`` raise.
    """
    with staged(out) as stage:
        old = _verified(out, embedder) if reuse else None
        draft = write_draft(stage.bundle, holdings)
        current = old or _usable(out, embedder, draft.corpus_version)
        if current is not None and current.corpus_version == draft.corpus_version:
            return Outcome(current, 0, draft.chunks, unchanged=True)
        texts = EmbeddedTexts(IndexTexts(stage.bundle), wording)
        known = KnownVectors(out, wording) if reuse else None
        with VectorFile(stage.scratch / "vectors", embedder.dimension) as vectors:
            rows = embed_texts(
                texts, vectors, embedder, known, engine=engine, report=report, block=blocks.chunks
            )
            write_words(stage.bundle, texts, stage.scratch, report, blocks)
            report("Writing", 0, 1)
            manifest = write_rest(draft, vectors, rows.window_starts, embedder, blocks)
            report("Writing", 1, 1)
    return Outcome(manifest, draft.chunks - rows.kept, rows.kept, unchanged=False)


def _verified(out: Path, embedder: Embedder) -> IndexManifest:
    manifest = read_manifest(out)
    verify_model(manifest, model_id=embedder.model_id, dimension=embedder.dimension, bundle=out)
    verify_precision(manifest, model_id=embedder.model_id, bundle=out)
    verify_lexical(manifest, lexical=LEXICAL_KIND, bundle=out)
    verify_files(out, manifest)
    return manifest


def _usable(out: Path, embedder: Embedder, version: str) -> IndexManifest | None:
    """The bundle that is there, if it is whole and of ``version``."""
    try:
        if read_manifest(out).corpus_version != version:
            return None
        return _verified(out, embedder)
    except IndexUnusable:
        return None
