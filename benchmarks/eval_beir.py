"""Index a BEIR folder as the product would index it, every passage one chunk of a document of its
own, so that the figures compare with published ones."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.eval_sets import BeirFolder, EvalSet
from copilot.index_bundle.texts import ChunkRecord, DocumentRecord
from embed.build import build
from embed.embedded import Wording
from embed.engine import LocalEngine
from embed.holdings import Held
from embed.windows import windows_of
from inference.ports import Embedder

SENTENCE_LEAD = Wording(
    whole=lambda text, lead: f"{lead}. {text}" if lead else text, windows=windows_of
)
"""What published figures embed of a passage: its title as a first sentence."""


def indexed(folder: BeirFolder, cache: Path, embedder: Embedder) -> EvalSet:
    """Build the folder's index under ``cache``, or take the one that is there already."""
    out = cache / folder.name
    outcome = build(
        holdings_of(folder),
        out,
        embedder,
        engine=LocalEngine(os.cpu_count() or 1),
        reuse=False,
        report=_say,
        wording=SENTENCE_LEAD,
    )
    if not outcome.unchanged:
        print(f"\r{folder.name}: {outcome.embedded} passages embedded.      ")
    return EvalSet(folder.name, out, folder.asked, by_document=True, records=folder.records)


def holdings_of(folder: BeirFolder) -> Iterator[Held]:
    """The passages of ``folder``, each a document of its own that is one chunk."""
    for key, title, text in folder.passages:
        raw = text.encode()
        record = DocumentRecord(
            path=key,
            title=title,
            at=0,
            to=len(raw),
            sha256=hashlib.sha256(raw).hexdigest(),
            groups=["public"],
        )
        chunk = ChunkRecord(
            id=key, document=0, start=0, end=len(text), at=0, to=len(raw), lead=title
        )
        yield Held(record, text, [chunk])


def _say(stage: str, done: int, total: int) -> None:
    if stage == "Embedding" and total:
        print(f"\r{stage} {done}/{total}", end="", flush=True)
