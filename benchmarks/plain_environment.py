"""Where the plain design runs: its Python, its index of the same chunks, and what it is told."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.report import Skipped
from copilot.index_bundle.manifest import read_manifest
from inference.retrieval.chunk_store import ChunkStore

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ROOT / ".venv-plain" / "bin" / "python"
BUILT = ROOT / ".local" / "plain"
"""Kept between runs: an index of the plain design is built once per corpus."""


def python() -> Path:
    """The plain design's Python.

    Raises:
        Skipped: its environment is not installed.
    """
    if not PYTHON.is_file():
        raise Skipped("the plain design is not installed; run: make .venv-plain/stamp")
    return PYTHON


def write_chunks(path: Path, chunks: Iterable[tuple[str, str]]) -> None:
    """Write ``(title, text)`` pairs the way ``benchmarks.plain.build_index`` reads them."""
    lines = (json.dumps({"title": title, "text": text}) + "\n" for title, text in chunks)
    path.write_text("".join(lines))


def plain_index(bundle: Path) -> Path:
    """The plain index of a bundle's chunks, built if it is not there yet."""
    version = read_manifest(bundle).corpus_version
    code = hashlib.sha256((ROOT / "benchmarks/plain/build_index.py").read_bytes()).hexdigest()[:8]
    folder = BUILT / f"{version}-{code}"
    if not (folder / "index.faiss").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_chunks(folder / "chunks.jsonl", chunks_of(bundle))
        build(folder / "chunks.jsonl", folder)
    return folder


def chunks_of(bundle: Path) -> list[tuple[str, str]]:
    """Title and embedded text of every chunk of a bundle."""
    store = ChunkStore(bundle)
    found = []
    for number in range(len(store)):
        chunk = store.chunk(number)
        title = store.documents[chunk.document].title
        found.append((title, f"{chunk.lead}\n{store.text(chunk)}"))
    return found


def build(chunks: Path, out: Path) -> Mapping[str, float]:
    """Build a plain index in a process of its own; return what it measured."""
    done = subprocess.run(
        [python(), "-m", "benchmarks.plain.build_index", str(chunks), str(out)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured
