"""A build holds no more of its texts than a few documents and a batch, and makes the same bundle
whatever it holds."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

import faiss
import numpy as np
import pytest

from copilot.index_bundle.manifest import read_manifest, sha256_of
from copilot.index_bundle.texts import FILES, IndexTexts
from embed.blocks import Blocks
from embed.build import build
from embed.bundle_writer import write_words
from embed.draft import write_draft
from embed.embedded import WORDING, EmbeddedTexts
from embed.embedding import BATCH
from embed.engine import LocalEngine
from embed.holdings import Held, Repeats, held_of
from embed.reading import Reading
from embed.sources import Source, find_sources, load_source
from embed.vector_index import write_vectors, write_windows
from tests.fakes import FakeEmbedder
from tests.integration.index_builders import CountingEmbedder, holdings_of, write_corpus

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "faiss_index"
WORKERS = 2

Vectors = np.ndarray[tuple[int, int], np.dtype[np.float32]]


def corpus(folder: Path, documents: int = 40) -> Path:
    """Documents of one long chunk, which has windows, and a short one."""
    sentence = "Unit {} of site {} gave {} MWh of power in the year of the count."
    return write_corpus(
        folder,
        {
            f"{n:03}.md": f"# Report {n}\n\n## Output\n\n"
            + " ".join(sentence.format(k, n, k * n) for k in range(11))
            + f"\n\n## Fee\n\nThe fee is {n} dollars."
            for n in range(documents)
        },
    )


def built(holdings: Sequence[Held], out: Path, blocks: Blocks, *, reuse: bool = False) -> Path:
    build(
        holdings,
        out,
        FakeEmbedder(),
        engine=LocalEngine(WORKERS),
        reuse=reuse,
        report=lambda *_: None,
        blocks=blocks,
    )
    return out


def hashes(bundle: Path) -> dict[str, str]:
    return {name: entry.sha256 for name, entry in read_manifest(bundle).files.items()}


@pytest.mark.parametrize("size", [1, 7, 64])
def test_the_bundle_is_the_same_whatever_is_held_at_a_time(tmp_path: Path, size: int) -> None:
    holdings = holdings_of(corpus(tmp_path / "docs"))
    assert any(WORDING.windows(held.text, "") for held in holdings)
    blocks = Blocks(chunks=size, postings=3 * size, vectors=size)
    expected = hashes(built(holdings, tmp_path / "whole", Blocks()))
    assert hashes(built(holdings, tmp_path / "index", blocks)) == expected
    # And the same where most vectors are taken over, those of windows too.
    part = built(holdings[::2], tmp_path / "part", blocks)
    assert hashes(built(holdings, part, blocks, reuse=True)) == expected


def test_an_update_takes_over_the_vectors_of_windows(tmp_path: Path) -> None:
    holdings = holdings_of(corpus(tmp_path / "docs"))
    out = built(holdings[1:], tmp_path / "index", Blocks())
    embedder = CountingEmbedder()
    build(
        holdings,
        out,
        embedder,
        engine=LocalEngine(),
        reuse=True,
        report=lambda *_: None,
    )
    pieces = [(holdings[0].text[c.start : c.end], c.lead) for c in holdings[0].chunks]
    windows = [window for piece in pieces for window in WORDING.windows(*piece)]
    assert len(windows) > 1
    assert sorted(embedder.texts) == sorted([*(WORDING.whole(*p) for p in pieces), *windows])


def alive(made: Sequence[weakref.ref[Held]]) -> int:
    return sum(held() is not None for held in made)


class WatchingEmbedder(FakeEmbedder):
    """Counts the documents that exist while it embeds."""

    def __init__(self, made: list[weakref.ref[Held]]) -> None:
        self._made = made
        self.seen: list[tuple[int, int]] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.seen.append((len(texts), alive(self._made)))
        return super().embed(texts)


def test_no_more_than_one_document_is_held_and_none_while_texts_are_embedded(
    tmp_path: Path,
) -> None:
    sources = find_sources([corpus(tmp_path / "docs")])
    made: list[weakref.ref[Held]] = []
    most = 0

    def holdings() -> Iterator[Held]:
        nonlocal most
        for source in sources:
            held = held_of(load_source(source), default_groups=["public"])
            made.append(weakref.ref(held))
            most = max(most, alive(made))
            yield held

    embedder = WatchingEmbedder(made)
    build(
        holdings(),
        tmp_path / "index",
        embedder,
        engine=LocalEngine(WORKERS),
        reuse=False,
        report=lambda *_: None,
    )
    # The one that is written, and the next one while it is made.
    assert most <= 2
    assert sum(texts for texts, _ in embedder.seen) > len(sources)
    assert all(texts <= BATCH and documents == 0 for texts, documents in embedder.seen)


def test_no_more_than_a_few_documents_are_read_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = find_sources([corpus(tmp_path / "docs")])
    read = 0

    def reading(source: Source, *, max_bytes: int) -> object:
        nonlocal read
        read += 1
        return load_source(source, max_bytes=max_bytes)

    monkeypatch.setattr("embed.reading.load_source", reading)
    holdings = Reading(sources, LocalEngine(WORKERS), default_groups=["public"])
    for taken, _ in enumerate(holdings, start=1):
        assert read <= taken + 2 * WORKERS
    assert read == len(sources)


def test_texts_and_words_of_the_committed_index_are_made_again_byte_for_byte(
    tmp_path: Path,
) -> None:
    """If this fails: python -m embed build corpus/documents --out faiss_index"""
    draft = write_draft(tmp_path, holdings_of(ROOT / "corpus" / "documents"))
    texts = EmbeddedTexts(IndexTexts(draft.folder), WORDING)
    write_words(tmp_path, texts, tmp_path / "scratch", lambda *_: None, Blocks(postings=500))
    names = [n for n in hashes(COMMITTED) if n in FILES or n.startswith(("lexical/", "pairs/"))]
    assert len(names) == len(FILES) + 10
    assert {n: sha256_of(tmp_path / n) for n in names} == {n: hashes(COMMITTED)[n] for n in names}


@pytest.mark.parametrize("count", [0, 1, 100])
def test_vectors_stored_flat_are_what_faiss_would_write(tmp_path: Path, count: int) -> None:
    vectors = np.random.default_rng(1).standard_normal((count, 24)).astype(np.float32)
    flat = faiss.IndexFlatIP(24)
    flat.add(vectors)
    faiss.write_index(flat, str(tmp_path / "expected"))
    assert write_vectors(tmp_path / "ours", vectors, block=7) == ("flat-ip", 1.0)
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "expected").read_bytes()
    if count:
        half = faiss.IndexScalarQuantizer(
            24, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        half.train(vectors)
        half.add(vectors)
        faiss.write_index(half, str(tmp_path / "expected"))
        write_windows(tmp_path / "ours", vectors, flat_limit=0, block=7)
        assert (tmp_path / "ours").read_bytes() == (tmp_path / "expected").read_bytes()


def test_repeats_are_known_by_digests(tmp_path: Path) -> None:
    first, second = (
        held_of(load_source(source), default_groups=["public"])
        for source in find_sources([write_corpus(tmp_path / "d", {"a.md": "x y", "b.md": "x  y"})])
    )
    repeats = Repeats()
    assert len(repeats.without(first).chunks) == 1
    # Another title, so another chunk; the same one again is none.
    assert len(repeats.without(second).chunks) == 1
    assert len(repeats.without(second).chunks) == 0
    assert repeats.dropped == 1
