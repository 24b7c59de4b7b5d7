"""The memory of a build of any number of chunks; ``python -m benchmarks.index_memory`` is one.

A process of its own builds an index of made-up documents that lie on disk. Its embedder hashes
words instead of running a model, which would take an hour for 100,000 chunks and whose memory does
not depend on their number; everything else is what ``python -m embed build`` runs. From outside it
is looked at fifty times a second how much memory the process has of its own, without the pages of
mapped files, which the system may drop at any time; what it had with everything imported is taken
off.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.process_memory import anonymous_mb, family
from benchmarks.synthetic_index import terms, words
from copilot.index_bundle.texts import TEXTS
from embed.build import build
from embed.engine import LocalEngine
from embed.reading import Reading
from embed.sources import find_sources
from inference.text.words import Analyser

ROOT = Path(__file__).resolve().parents[1]
CHUNKS_PER_DOCUMENT = 20
WORDS = 32
"""Of each chunk. With 64, which takes twice as long, every chunk has two windows besides."""
SENTENCE = 16
"""Words."""

READY, DONE = "ready", "done"
INTERVAL_S = 0.02

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Peaks:
    """Megabytes (10^6 bytes) that a build had of its own, at most, stage by stage; those of its
    texts; and the seconds it took."""

    text_mb: float
    stages_mb: dict[str, float]
    seconds: float

    def most(self, *without: str) -> float:
        """The highest, but for some stages."""
        return max(peak for stage, peak in self.stages_mb.items() if stage not in without)


def peaks(chunks: int, folder: Path, *, words_each: int = WORDS) -> Peaks:
    """Build an index of so many chunks under ``folder``, which is empty, and watch it.

    Raises:
        Skipped: this system has no /proc.
    """
    write_documents(folder / "documents", chunks, words_each)
    command = [sys.executable, "-m", "benchmarks.index_memory", str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        family(process.pid)
        said = [process.stdout.readline().strip()]
        reader = threading.Thread(
            target=lambda lines: said.extend(line.strip() for line in lines), args=[process.stdout]
        )
        before, began = anonymous_mb(process.pid), time.monotonic()
        found: dict[str, float] = {}
        print("go", file=process.stdin, flush=True)
        reader.start()
        while said[-1] != DONE and reader.is_alive():
            own = anonymous_mb(process.pid) - before
            found[said[-1]] = max(found.get(said[-1], 0.0), own)
            time.sleep(INTERVAL_S)
        seconds = time.monotonic() - began
        process.stdin.close()
        reader.join()
    if process.returncode or said[-1] != DONE:
        raise RuntimeError(f"the build of {chunks} chunks ended with {process.returncode}")
    return Peaks((folder / "bundle" / TEXTS).stat().st_size / 1e6, found, seconds)


def write_documents(folder: Path, chunks: int, words_each: int) -> None:
    """Markdown documents of 20 chunks each, of made-up words as frequent as Zipf's law has it: up
    to 64 a chunk, 12 letters each."""
    folder.mkdir(parents=True)
    vocabulary = words()
    rows = terms(np.random.default_rng(chunks), chunks)[:, :words_each]
    for first in range(0, chunks, CHUNKS_PER_DOCUMENT):
        number = first // CHUNKS_PER_DOCUMENT
        sections = (
            f"## Section {place}\n\n{_text([vocabulary[term] for term in row])}\n"
            for place, row in enumerate(rows[first : first + CHUNKS_PER_DOCUMENT].tolist())
        )
        title = f"# Document {number}\n\n"
        (folder / f"{number:06d}.md").write_text(title + "\n".join(sections))


def _text(said: Sequence[str]) -> str:
    sentences = (said[at : at + SENTENCE] for at in range(0, len(said), SENTENCE))
    return " ".join(" ".join(sentence).capitalize() + "." for sentence in sentences)


class HashedWords:
    """An embedder in which every word has a direction of its own, by its hash."""

    model_id = "hashed-words"
    dimension = 384
    _DIRECTIONS = 4096

    def __init__(self) -> None:
        drawn = np.random.default_rng(0).standard_normal((self._DIRECTIONS, self.dimension))
        self._directions = drawn.astype(np.float32)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape ``(len(texts), dimension)``."""
        sums = np.stack([self._directions[_hashes(t, self._DIRECTIONS)].sum(axis=0) for t in texts])
        return np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True), dtype=np.float32)


def _hashes(text: str, many: int) -> list[int]:
    return [zlib.crc32(word.encode()) % many for word in text.split()]


def main(folder: Path) -> None:
    """Build ``folder/bundle`` of ``folder/documents``; name every stage as it begins."""
    import faiss  # noqa: F401

    Analyser()
    embedder, engine = HashedWords(), LocalEngine(os.cpu_count() or 1)
    print(READY, flush=True)
    sys.stdin.readline()
    told = ""

    def report(stage: str, done: int, total: int) -> None:
        nonlocal told
        if stage != told:
            told = stage
            print(stage, flush=True)

    reading = Reading(
        find_sources([folder / "documents"]), engine, default_groups=["public"], report=report
    )
    build(reading, folder / "bundle", embedder, engine=engine, reuse=False, report=report)
    print(DONE, flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
