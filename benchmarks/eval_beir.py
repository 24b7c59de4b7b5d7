"""Index a BEIR folder as the product would index it, every passage one chunk of a document of its
own, so that the figures compare with published ones."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from benchmarks.eval_sets import BeirFolder, EvalSet
from copilot.index_bundle.texts import ChunkRecord, DocumentRecord
from embed.build import build
from embed.engine import LocalEngine
from embed.plan import Plan
from embed.windows import WINDOW_CHARS, windows_of
from inference.ports import Embedder
from inference.retrieval.faiss_retriever import LEXICAL_KIND


def indexed(folder: BeirFolder, cache: Path, embedder: Embedder) -> EvalSet:
    """Build the folder's index under ``cache``, or take the one that is there already."""
    out = cache / folder.name
    outcome = build(
        plan_of(folder),
        out,
        embedder,
        engine=LocalEngine(os.cpu_count() or 1),
        reuse=False,
        report=_say,
    )
    if not outcome.unchanged:
        print(f"\r{folder.name}: {outcome.embedded} passages embedded.      ")
    return EvalSet(folder.name, out, folder.asked, by_document=True, records=folder.records)


def plan_of(folder: BeirFolder) -> Plan:
    """What the bundle of ``folder`` will hold: document ``n`` and chunk ``n`` are passage ``n``."""
    documents, texts, chunks, embedded, windows = [], [], [], [], []
    at = 0
    digest = hashlib.sha256(f"{LEXICAL_KIND}/{WINDOW_CHARS}".encode())
    for number, (key, title, text) in enumerate(folder.passages):
        raw = text.encode()
        digest.update(f"{key}\0{title}\0{text}\0".encode())
        to = at + len(raw)
        documents.append(
            DocumentRecord(
                path=key,
                title=title,
                at=at,
                to=to,
                sha256=hashlib.sha256(raw).hexdigest(),
                groups=["public"],
            )
        )
        chunks.append(
            ChunkRecord(id=key, document=number, start=0, end=len(text), at=at, to=to, lead=title)
        )
        texts.append(text)
        embedded.append(f"{title}. {text}" if title else text)
        windows.append(windows_of(text, title))
        at = to
    version = digest.hexdigest()[:16]
    return Plan(documents, texts, chunks, embedded, windows, version, duplicates=0)


def _say(stage: str, done: int, total: int) -> None:
    if stage == "Embedding" and total:
        print(f"\r{stage} {done}/{total}", end="", flush=True)
