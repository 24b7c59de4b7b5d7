"""Building: repeatable, atomic, incremental, and the committed index is the one of the corpus."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from copilot.index_bundle.manifest import IndexUnusable, read_manifest, verify_files
from embed.draft import write_draft
from embed.errors import BuildLocked, NotABundle
from embed.swap import staged
from inference.encoders.onnx_embedder import EMBEDDING_MODEL
from inference.retrieval.faiss_retriever import FaissRetriever
from tests.fakes import FakeEmbedder
from tests.integration.index_builders import (
    CountingEmbedder,
    ask,
    build_index,
    holdings_of,
    write_corpus,
)

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = {
    "wind.md": "# Wind\n\n## Parts\n\nThe rotor turns.\n\n## Fees\n\nThe fee is $5.",
    "solar.md": "# Solar\n\nThe panels face south.",
}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "docs", DOCUMENTS)


def contents(bundle: Path) -> dict[str, bytes]:
    files = (path for path in bundle.rglob("*") if path.is_file())
    return {path.relative_to(bundle).as_posix(): path.read_bytes() for path in files}


def test_the_committed_index_is_that_of_the_committed_corpus(tmp_path: Path) -> None:
    """If this fails: python -m embed update corpus/documents --out faiss_index"""
    manifest = read_manifest(ROOT / "faiss_index")
    verify_files(ROOT / "faiss_index", manifest)
    draft = write_draft(tmp_path, holdings_of(ROOT / "corpus" / "documents"))
    assert manifest.corpus_version == draft.corpus_version
    assert manifest.model_id == EMBEDDING_MODEL.read(ROOT / "inference" / "model").model_id


def test_the_same_documents_give_the_same_bundle(corpus: Path, tmp_path: Path) -> None:
    build_index(corpus, tmp_path / "one")
    build_index(corpus, tmp_path / "two")
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    # The manifest tells when it was made.
    assert one.keys() == two.keys()
    assert {n for n in one if one[n] != two[n]} <= {"manifest.json"}


def test_nothing_in_a_bundle_is_pickled(corpus: Path, tmp_path: Path) -> None:
    build_index(corpus, tmp_path / "index")
    names = contents(tmp_path / "index")
    assert {Path(name).suffix for name in names} == {".json", ".jsonl", ".txt", ".npy", ".faiss"}
    for name in names:
        if name.endswith(".npy"):
            array = np.load(tmp_path / "index" / name, allow_pickle=False)
            assert not array.dtype.hasobject


def test_an_index_that_is_up_to_date_costs_no_embedding(corpus: Path, tmp_path: Path) -> None:
    build_index(corpus, tmp_path / "index")
    before = contents(tmp_path / "index")
    for reuse in (False, True):
        embedder = CountingEmbedder()
        outcome = build_index(corpus, tmp_path / "index", embedder, reuse=reuse)
        assert (outcome.unchanged, outcome.embedded, embedder.texts) == (True, 0, [])
    assert contents(tmp_path / "index") == before


def test_an_update_embeds_only_what_is_new_and_equals_a_build(corpus: Path, tmp_path: Path) -> None:
    build_index(corpus, tmp_path / "index")
    (corpus / "wind.md").write_text(DOCUMENTS["wind.md"].replace("$5", "$6"))
    write_corpus(corpus, {"gas.md": "# Gas\n\nPipes carry it."})
    (corpus / "solar.md").unlink()

    embedder = CountingEmbedder()
    outcome = build_index(corpus, tmp_path / "index", embedder, reuse=True)
    assert sorted(embedder.texts) == ["Gas\nPipes carry it.", "Wind > Fees\nThe fee is $6."]
    assert (outcome.embedded, outcome.kept) == (2, 1)

    build_index(corpus, tmp_path / "fresh")
    updated, fresh = contents(tmp_path / "index"), contents(tmp_path / "fresh")
    assert {n for n in fresh if updated[n] != fresh[n]} <= {"manifest.json"}


def test_an_update_needs_an_index_of_the_same_model(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(IndexUnusable, match="python -m embed build"):
        build_index(corpus, tmp_path / "index", reuse=True)
    build_index(corpus, tmp_path / "index")
    other = CountingEmbedder()
    other.model_id = "another@2"
    with pytest.raises(IndexUnusable, match=r"built by hashed-words@1.*embedder is another@2"):
        build_index(corpus, tmp_path / "index", other, reuse=True)


class InterruptedEmbedder(FakeEmbedder):
    def embed(self, texts: Sequence[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        raise KeyboardInterrupt


def test_an_interrupted_build_leaves_the_old_index_in_place(corpus: Path, tmp_path: Path) -> None:
    build_index(corpus, tmp_path / "index")
    before = contents(tmp_path / "index")
    (corpus / "wind.md").write_text("# Wind\n\nAll is new.")
    with pytest.raises(KeyboardInterrupt):
        build_index(corpus, tmp_path / "index", InterruptedEmbedder())
    assert contents(tmp_path / "index") == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["docs", "index"]


KILLED = """
import os, signal, sys
from pathlib import Path
from embed.swap import staged
with staged(Path(sys.argv[1])) as stage:
    (stage.bundle / "half").write_text("written")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_build_is_cleaned_up_by_the_next(corpus: Path, tmp_path: Path) -> None:
    build_index(corpus, tmp_path / "index")
    before = contents(tmp_path / "index")
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "index")], cwd=ROOT, check=False)
    assert (tmp_path / ".index.building" / "bundle" / "half").exists()
    assert contents(tmp_path / "index") == before
    (corpus / "wind.md").write_text("# Wind\n\nAll is new.")
    build_index(corpus, tmp_path / "index")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["docs", "index"]
    assert "half" not in contents(tmp_path / "index")


def test_a_build_killed_while_it_embeds_leaves_an_index_that_answers(tmp_path: Path) -> None:
    docs, out = tmp_path / "docs", tmp_path / "index"
    command = [sys.executable, "-m", "embed", "build", str(docs), "--out", str(out)]
    write_corpus(docs, DOCUMENTS)
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    before = contents(out)
    # Far more than can be embedded between the appearance of the staging folder and the signal.
    line = "Unit {} of part {} gave {} MWh of power in the year."
    write_corpus(
        docs,
        {
            f"{n}.md": "\n\n".join(
                f"# Part {k}\n\n" + " ".join(line.format(n * k + i, k, i) for i in range(14))
                for k in range(40)
            )
            for n in range(40)
        },
    )
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as building:
        while not (tmp_path / ".index.building" / "scratch" / "vectors").is_file():
            assert building.poll() is None
            time.sleep(0.01)
        building.kill()
    assert building.returncode == -signal.SIGKILL
    assert contents(out) == before
    search = [sys.executable, "-m", "embed", "search", "What is the fee?", "--index", str(out)]
    found = subprocess.run(search, cwd=ROOT, check=True, capture_output=True, text=True)
    assert "The fee is $5." in found.stdout


def test_two_builds_of_one_index_do_not_mix(tmp_path: Path) -> None:
    with (
        staged(tmp_path / "index") as stage,
        pytest.raises(BuildLocked, match="Another build"),
        staged(tmp_path / "index"),
    ):
        raise AssertionError("the second build must not begin")
    assert not stage.bundle.exists()


def test_what_has_no_manifest_takes_no_place(corpus: Path, tmp_path: Path) -> None:
    build_index(corpus, tmp_path / "index")
    before = contents(tmp_path / "index")
    with staged(tmp_path / "index") as stage:
        (stage.bundle / "texts.txt").write_text("half")
    assert contents(tmp_path / "index") == before
    with staged(tmp_path / "index") as stage:
        (stage.bundle / "manifest.json").write_text("whole")
    assert contents(tmp_path / "index") == {"manifest.json": b"whole"}


def test_a_folder_that_is_no_index_is_not_replaced(corpus: Path, tmp_path: Path) -> None:
    before = contents(corpus)
    with pytest.raises(NotABundle, match=r"no manifest\.json"):
        build_index(corpus, corpus)
    assert contents(corpus) == before


def test_a_reader_keeps_its_bundle_while_another_takes_its_place(
    corpus: Path, tmp_path: Path
) -> None:
    build_index(corpus, tmp_path / "index")
    reader = FaissRetriever.open(tmp_path / "index", FakeEmbedder())
    (corpus / "wind.md").write_text("# Wind\n\nAll is new.")
    build_index(corpus, tmp_path / "index")
    assert ask(reader, "What is the fee?")[0].text == "The fee is $5."
    fresh = FaissRetriever.open(tmp_path / "index", FakeEmbedder())
    assert "The fee is $5." not in {p.text for p in ask(fresh, "What is the fee?")}


SERVING = """
import sys
from pathlib import Path
from inference.retrieval.faiss_retriever import FaissRetriever
from inference.encoders.onnx_embedder import OnnxEmbedder
embedder = OnnxEmbedder(Path("inference/model"))
retriever = FaissRetriever.open(Path("faiss_index"), embedder)
question = "What does the tariff cost?"
vector = embedder.embed([question])[0]
assert retriever.retrieve(question, vector, k=3, groups=frozenset({"public"}))
banned = "embed bm25s torch transformers bs4 pypdf docx rich yaml scipy pydantic boto3".split()
print(sorted(set(banned) & {name.partition(".")[0] for name in sys.modules}))
"""


def test_the_serving_path_imports_nothing_that_only_building_needs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVING],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.strip() == "[]"
