"""Show what an index holds and what a search found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from copilot.index_bundle.bucket import Version
from copilot.index_bundle.manifest import read_manifest, verify_files
from inference.ports import Passage
from inference.retrieval.chunk_store import ChunkStore


def describe(bundle: Path, console: Console, *, list_documents: bool) -> None:
    """Verify every hash of ``bundle`` and print its manifest, groups and documents.

    Raises:
        IndexUnusable: missing or damaged.
    """
    manifest = read_manifest(bundle)
    verify_files(bundle, manifest)
    store = ChunkStore(bundle)
    lengths = sorted(c.end - c.start for c in map(store.chunk, range(len(store))))
    groups = Counter(", ".join(d.groups) for d in store.documents)
    formats = Counter(str(d.metadata.get("format", "?")) for d in store.documents)
    size = sum(entry.bytes for entry in manifest.files.values())
    table = Table(title=str(bundle), show_header=False, title_justify="left")
    for name, value in (
        ("corpus version", manifest.corpus_version),
        ("made", manifest.created),
        ("model", f"{manifest.model_id}, {manifest.dimension} dimensions"),
        ("vectors", f"{manifest.faiss_kind}, recall@10 {manifest.faiss_recall}"),
        ("lexical", manifest.lexical),
        ("documents", f"{manifest.counts.documents}: {_counted(formats)}"),
        ("chunks", f"{manifest.counts.chunks}, {_spread(lengths)} characters"),
        ("groups", _counted(groups)),
        ("size", f"{size / 2**20:.1f} MB, every hash verified"),
    ):
        table.add_row(name, value)
    console.print(table)
    if list_documents:
        listing = Table("path", "title", "date", "groups")
        for document in store.documents:
            date = str(document.metadata.get("date", ""))
            listing.add_row(document.path, document.title, date, ", ".join(document.groups))
        console.print(listing)


def results(passages: Sequence[Passage], console: Console, *, as_json: bool) -> None:
    """Print passages, best first."""
    for number, passage in enumerate(passages, start=1):
        if as_json:
            console.file.write(msgspec.json.encode(passage).decode() + "\n")
            continue
        where = [passage.title]
        where += [f"page {passage.page}"] if passage.page is not None else []
        where += [passage.section] if passage.section else []
        scores = f"score {passage.score:.3f}, cosine {passage.dense or 0:.3f}"
        scores += f", bm25 {passage.lexical:.2f}" if passage.lexical is not None else ""
        console.print(f"\n{number}. {', '.join(where)}", style="bold", markup=False)
        console.print(
            f"   {passage.document}  {passage.start}-{passage.end}  {scores}", style="dim"
        )
        console.print(passage.text, markup=False, highlight=False)
    if not passages and not as_json:
        console.print("Nothing found that these groups and filters allow.")


def list_versions(versions: Sequence[Version], current: str | None, console: Console) -> None:
    """Print the versions of a bucket, newest first."""
    table = Table("version", "uploaded (UTC)", "size", "")
    for version in versions:
        at = datetime.fromtimestamp(version.uploaded_at, UTC).isoformat(" ", "seconds")[:19]
        mark = "current" if version.name == current else ""
        table.add_row(version.name, at, f"{version.bytes / 2**20:.1f} MB", mark)
    console.print(table)
    if current is None:
        console.print("Nothing is current: functions use the index that they were shipped with.")


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counter.items()))


def _spread(lengths: Sequence[int]) -> str:
    if not lengths:
        return "0"
    return f"{lengths[0]} to {lengths[-1]}, median {lengths[len(lengths) // 2]}"
