"""The engines of a build: whichever runs the stages, the results and the bundle are the same."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from copilot.index_bundle.manifest import read_manifest
from embed.build import build
from embed.cli import main
from embed.engine import Engine, LocalEngine
from embed.reading import Reading
from embed.sources import find_sources
from inference.encoders.onnx_embedder import OnnxEmbedder

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "corpus" / "documents"
WORKERS = 2

try:
    import ray
except ImportError:
    ray = None

needs_ray = pytest.mark.skipif(
    ray is None, reason="Ray is not installed: pip install 'energycopilot[ray]'"
)


@pytest.fixture(scope="module", params=["local", pytest.param("ray", marks=needs_ray)])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "local":
        yield LocalEngine(WORKERS)
        return
    from embed.ray_engine import RayEngine

    with RayEngine(WORKERS) as running:
        yield running


class Refused(Exception):
    """What the work of a test raises."""


def adding(number: int) -> Callable[[int], int]:
    def add(item: int) -> int:
        if item < 0:
            raise Refused
        return item + number

    return add


@needs_ray
def test_the_command_builds_with_ray(tmp_path: Path) -> None:
    """Before the shared engine is up: a process has one Ray at a time."""
    (tmp_path / "a.md").write_text("# A\n\nThe fee is 5 euros.")
    out = str(tmp_path / "index")
    given = ["build", str(tmp_path / "a.md"), "--out", out, "--engine", "ray", "--workers", "1"]
    assert main(given) == 0
    assert read_manifest(tmp_path / "index").counts.chunks == 1


def test_results_come_in_the_order_of_the_items(engine: Engine) -> None:
    items = list(range(100))
    assert list(engine.run(functools.partial(adding, 5), items)) == [item + 5 for item in items]


def test_nothing_is_made_of_nothing(engine: Engine) -> None:
    assert list(engine.run(functools.partial(adding, 5), [])) == []


def test_what_the_work_raises_is_raised_for_its_item(engine: Engine) -> None:
    with closing(engine.run(functools.partial(adding, 5), [1, 2, -1, 3])) as results:
        assert [next(results), next(results)] == [6, 7]
        with pytest.raises(Refused):
            next(results)


def test_a_caller_may_stop_asking(engine: Engine) -> None:
    with closing(engine.run(functools.partial(adding, 1), list(range(1000)))) as results:
        assert next(results) == 1
    assert list(engine.run(functools.partial(adding, 1), [1])) == [2]


def test_items_are_asked_for_as_they_are_needed(engine: Engine) -> None:
    asked = 0

    def items() -> Iterator[int]:
        nonlocal asked
        while asked < 1000:
            asked += 1
            yield asked

    for number, result in enumerate(engine.run(functools.partial(adding, 1), items()), start=1):
        assert result == number + 1
        assert asked <= number + 4 * WORKERS


def made_by(engine: Engine, out: Path) -> dict[str, str]:
    """The hashes of the bundle of the sample corpus, as ``engine`` builds it."""
    embedder = OnnxEmbedder(ROOT / "inference" / "model")
    (out.parent / "docs").mkdir()
    for name in ("battery-storage-basics.md", "lng-primer.md"):
        (out.parent / "docs" / name).write_bytes((CORPUS / name).read_bytes())
    reading = Reading(find_sources([out.parent / "docs"]), engine, default_groups=["public"])
    build(reading, out, embedder, engine=engine, reuse=False, report=lambda *_: None)
    return {name: entry.sha256 for name, entry in read_manifest(out).files.items()}


def test_the_bundle_is_the_same_whoever_builds_it(engine: Engine, tmp_path: Path) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    expected = made_by(LocalEngine(), tmp_path / "here" / "index")
    assert made_by(engine, tmp_path / "there" / "index") == expected


def test_documents_that_cannot_be_read_are_told_of_by_every_engine(
    engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "good.md").write_text("# Wind\n\nThe rotor turns.")
    (tmp_path / "bad.pdf").write_bytes(b"not a PDF")
    reading = Reading(find_sources([tmp_path]), engine, default_groups=["public"])
    assert [held.record.path.rsplit("/", 1)[1] for held in reading] == ["good.md"]
    assert [skipped.path.name for skipped in reading.skipped] == ["bad.pdf"]


@pytest.mark.skipif(ray is not None, reason="Ray is installed")
def test_without_ray_the_command_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.md").write_text("# A\n\nText.")
    out = str(tmp_path / "index")
    assert main(["build", str(tmp_path / "a.md"), "--out", out, "--engine", "ray"]) == 1
    assert "pip install 'energycopilot[ray]'" in capsys.readouterr().err
