"""Uploaded documents become an index: S3 and the table on moto, real bundles, a fake embedder."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest

from copilot.documents.status import DocumentStatuses
from copilot.index_bundle.bucket import BucketUnreachable, IndexBucket
from copilot.index_bundle.download import download
from copilot.index_bundle.manifest import in_precision
from copilot.index_bundle.texts import IndexTexts
from copilot.table import Table
from deploy.destruction import empty
from embed import handler as entry
from embed.carrying import ReservedPaths, with_uploads
from embed.draft import write_draft
from embed.engine import LocalEngine
from embed.holdings import held_in
from embed.ingestion import ELSEWHERE, GAVE_UP, REDUCED, Ingested, Ingestion, Limits
from embed.publishing import PublishedMeanwhile, publish
from embed.reading import Reading
from embed.retention import YOUNG_S
from embed.sources import find_sources, load_source
from embed.uploaded import Told, indexed_together
from inference.retrieval.faiss_retriever import FaissRetriever
from tests import emf, saved_queries
from tests.conftest import Time
from tests.fakes import FakeEmbedder
from tests.integration.index_builders import (
    CountingEmbedder,
    ask,
    build_index,
    holdings_of,
    write_corpus,
)

BASE = {
    "tariff.md": "# Tariff\n\nThe customer charge is 12 dollars.\n",
    "rider.md": "# Rider\n\nThe rider adds 3 dollars.\n",
}
PUMP = b"# Pumping station\n\nThe pumping station pays 17 dollars for water.\n"


class Room:
    """The function in small, with its buckets and its table."""

    def __init__(self, table: Table, shipped: Path, tmp_path: Path, time: Time) -> None:
        self.s3: Any = boto3.client("s3", region_name="us-east-1")
        for name in ("documents", "indexes"):
            self.s3.create_bucket(Bucket=name)
        self.indexes = IndexBucket(self.s3, "indexes")
        self.statuses = DocumentStatuses(table, time)
        self.embedder = CountingEmbedder()
        self.shipped = shipped
        self._tmp = tmp_path
        self.ingestion = self.ingesting(self.indexes)

    def ingesting(self, indexes: IndexBucket, **limits: Any) -> Ingestion:
        return Ingestion(
            documents=IndexBucket(self.s3, "documents"),
            indexes=indexes,
            statuses=self.statuses,
            embedder=lambda: self.embedder,
            shipped=self.shipped,
            limits=Limits(**{"max_bytes": 10_000, **limits}),
        )

    def put(self, key: str, content: bytes = PUMP) -> str:
        self.s3.put_object(Bucket="documents", Key=key, Body=content)
        return key

    def delete(self, key: str) -> str:
        self.s3.delete_object(Bucket="documents", Key=key)
        return key

    def status(self, key: str) -> tuple[str, str | None]:
        (found,) = [s for s in self.statuses.all() if s.path == f"uploads/{key}"]
        return found.state, found.reason

    def bundle(self) -> Path:
        current = self.indexes.current()
        return download(self.indexes, current.pointer, self._tmp) if current else self.shipped

    def documents(self) -> dict[str, list[str]]:
        """The groups of every document of the current index."""
        return {d.path: d.groups for d in IndexTexts(self.bundle()).documents}

    def found(self, question: str, *groups: str) -> str:
        retriever = FaissRetriever.open(self.bundle(), FakeEmbedder())
        passages = ask(retriever, question, groups=frozenset(groups or ("public",)))
        return " ".join(passage.text for passage in passages)


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    build_index(write_corpus(tmp_path / "base", BASE), tmp_path / "shipped")
    return tmp_path / "shipped"


@pytest.fixture
def room(table: Table, shipped: Path, tmp_path: Path, time: Time) -> Room:
    return Room(table, shipped, tmp_path / "downloads", time)


def test_an_upload_joins_the_index_and_embeds_nothing_else(room: Room) -> None:
    room.ingestion.run([room.put("pump.md")])
    assert room.status("pump.md") == ("indexed", None)
    assert "17 dollars" in room.found("pumping station")
    assert "12 dollars" in room.found("customer charge")
    assert len(room.embedder.texts) == 1
    assert set(room.documents()) == {"base/tariff.md", "base/rider.md", "uploads/pump.md"}


def test_what_is_replaced_and_what_is_removed_is_gone(room: Room) -> None:
    room.ingestion.run([room.put("pump.md")])
    room.ingestion.run([room.put("pump.md", PUMP.replace(b"17", b"19"))])
    assert "19 dollars" in room.found("pumping station")
    assert "17 dollars" not in room.found("pumping station")
    room.ingestion.run([room.delete("pump.md")])
    assert room.status("pump.md") == ("removed", None)
    assert "19 dollars" not in room.found("pumping station")


def test_what_was_done_is_counted(room: Room) -> None:
    good, bad = room.put("pump.md"), room.put("scan.pdf", b"%PDF-1.4 nothing")
    assert room.ingestion.run([good, bad]) == Ingested(indexed=1, failed=1, published=1)
    assert room.ingestion.run([good]) == Ingested(indexed=1)
    assert room.ingestion.run([room.delete("pump.md")]) == Ingested(published=1)


def test_old_indexes_are_deleted_and_the_current_one_is_not(room: Room) -> None:
    ingestion = room.ingesting(AgedBucket.of(room.indexes), versions=0)
    for number in (1, 2, 3):
        ingestion.run([room.put("pump.md", PUMP.replace(b"17", str(number).encode()))])
    # The one that was current until now may still be on its way to a process.
    assert len(room.indexes.versions()) == 2
    assert "pays 3 dollars" in room.found("pumping station")


class AgedBucket(IndexBucket, frozen=True):
    """A bucket in which everything was uploaded two days ago."""

    @classmethod
    def of(cls, bucket: IndexBucket) -> AgedBucket:
        return cls(bucket.client, bucket.name)

    def sizes(self, prefix: str) -> dict[str, tuple[int, float]]:
        found = super().sizes(prefix)
        return {key: (size, at - 2 * YOUNG_S) for key, (size, at) in found.items()}


def test_old_indexes_that_cannot_be_deleted_keep_no_document_out(room: Room) -> None:
    class Undeletable(AgedBucket, frozen=True):
        def delete(self, key: str) -> None:
            raise BucketUnreachable("AccessDenied")

    ingestion = room.ingesting(Undeletable.of(room.indexes), versions=0)
    for number in (1, 2, 3):
        ingestion.run([room.put("pump.md", PUMP.replace(b"17", str(number).encode()))])
    assert room.status("pump.md") == ("indexed", None)
    assert len(room.indexes.versions()) == 3


def test_where_vectors_are_in_qdrant_nothing_is_indexed_and_the_page_says_why(room: Room) -> None:
    ingestion = room.ingesting(room.indexes, refusal=ELSEWHERE)
    room.put("pump.md")
    assert ingestion.run(["pump.md", "gone.md"]) == Ingested(failed=1)
    assert room.status("pump.md") == ("failed", ELSEWHERE)
    assert room.status("gone.md") == ("removed", None)
    assert room.indexes.current() is None


def test_an_index_in_int8_takes_no_uploads_and_the_page_says_why(
    room: Room, tmp_path: Path
) -> None:
    reduced = CountingEmbedder()
    reduced.model_id = in_precision(reduced.model_id, "int8")
    build_index(write_corpus(tmp_path / "base", BASE), tmp_path / "reduced", reduced)
    publish(room.indexes, tmp_path / "reduced", over=None)
    before = room.indexes.current()
    assert room.ingestion.run([room.put("pump.md")]) == Ingested(failed=1)
    assert room.status("pump.md") == ("failed", REDUCED)
    assert room.indexes.current() == before


def test_the_index_is_the_one_that_a_build_from_the_start_would_make(
    room: Room, tmp_path: Path
) -> None:
    room.ingestion.run([room.put("b.md"), room.put("a.md", PUMP.replace(b"17", b"19"))])
    room.ingestion.run([room.delete("b.md")])
    whole = tmp_path / "again"
    whole.mkdir()
    write_corpus(whole / "base", BASE)
    write_corpus(whole / "uploads", {"a.md": PUMP.replace(b"17", b"19").decode()})
    sources = find_sources([whole / "base", whole / "uploads"])
    (tmp_path / "draft").mkdir()
    expected = write_draft(
        tmp_path / "draft", Reading(sources, LocalEngine(), default_groups=["public"])
    )
    current = room.indexes.current()
    assert current is not None
    assert current.pointer.version.startswith(expected.corpus_version)


def test_what_a_bundle_holds_is_what_it_was_built_from(shipped: Path, tmp_path: Path) -> None:
    assert list(held_in(shipped)) == holdings_of(tmp_path / "base")


def test_an_event_that_comes_again_or_late_does_no_harm(room: Room) -> None:
    room.ingestion.run([room.put("pump.md")])
    before = room.indexes.current()
    room.ingestion.run(["pump.md"])
    room.ingestion.run(["never-there.md"])
    assert room.indexes.current() == before
    assert room.status("never-there.md") == ("removed", None)
    room.delete("pump.md")
    room.ingestion.run(["pump.md"])  # the event of its creation, delivered late
    assert room.status("pump.md") == ("removed", None)


def test_two_documents_of_the_same_words_are_each_whole(room: Room) -> None:
    room.ingestion.run([room.put("one.md"), room.put("two.md")])
    room.ingestion.run([room.delete("one.md")])
    assert "17 dollars" in room.found("pumping station")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("scan.pdf", b"%PDF-1.4 nothing", "not a readable PDF"),
        ("empty.md", b"", "no text"),
        ("sheet.xlsx", b"PK", "unknown format"),
        ("no-suffix", b"words", "unknown format"),
        ("long.txt", b"word " * 3_000, "more than 0 MB"),
    ],
)
def test_what_cannot_be_read_is_noted_and_changes_nothing(
    room: Room, name: str, content: bytes, reason: str
) -> None:
    room.ingestion.run([room.put(name, content)])
    state, said = room.status(name)
    assert state == "failed"
    assert said is not None
    assert reason in said
    assert "/tmp" not in said
    assert room.indexes.current() is None


def test_one_that_cannot_be_read_keeps_no_other_out_nor_its_earlier_version(room: Room) -> None:
    room.ingestion.run([room.put("pump.md")])
    room.ingestion.run([room.put("pump.md", b""), room.put("other.md", b"# Other\n\nOil burns.\n")])
    assert room.status("pump.md")[0] == "failed"
    assert room.status("other.md") == ("indexed", None)
    assert "17 dollars" in room.found("pumping station")
    assert "Oil burns" in room.found("oil")


def test_the_folder_says_who_may_read_and_the_document_does_not(room: Room) -> None:
    mine = b"---\ngroups: [public]\n---\n" + PUMP
    room.ingestion.run([room.put("board/pump.md", mine)])
    assert room.documents()["uploads/board/pump.md"] == ["board"]
    assert "17 dollars" not in room.found("pumping station", "public")
    assert "17 dollars" in room.found("pumping station", "board")


def test_an_index_that_was_published_meanwhile_is_built_upon(room: Room, tmp_path: Path) -> None:
    other = tmp_path / "other-index"
    build_index(write_corpus(tmp_path / "other", {"new.md": "# New\n\nA new rule.\n"}), other)
    raced = Racing(room, lambda: publish(room.indexes, other, over=room.indexes.current()))
    room.ingesting(raced.bucket()).run([room.put("pump.md")])
    assert "A new rule" in room.found("rule")
    assert "17 dollars" in room.found("pumping station")


def test_whoever_always_comes_too_late_says_so(room: Room, tmp_path: Path) -> None:
    indexes = []
    for number in range(3):
        index = tmp_path / f"index-{number}"
        build_index(
            write_corpus(tmp_path / f"other-{number}", {"n.md": f"# N\n\nNumber {number}.\n"}),
            index,
        )
        indexes.append(index)
    raced = Racing(
        room, *(lambda i=i: publish(room.indexes, i, over=room.indexes.current()) for i in indexes)
    )
    with pytest.raises(PublishedMeanwhile):
        room.ingesting(raced.bucket()).run([room.put("pump.md")])


class Racing:
    """An S3 client that lets others publish just before it switches the pointer."""

    def __init__(self, room: Room, *others: Callable[[], Any]) -> None:
        self._room = room
        self._others = list(others)

    def bucket(self) -> IndexBucket:
        return IndexBucket(self, "indexes")

    def put_object(self, **request: Any) -> Any:
        if request["Key"].endswith("current.json") and self._others:
            self._others.pop(0)()
        return self._room.s3.put_object(**request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._room.s3, name)


# --- an index that is published stays the base of uploads -----------------------------------------


def carried(room: Room, bundle: Path, tmp_path: Path) -> Path:
    return with_uploads(
        bundle,
        room.indexes,
        room.indexes.current(),
        FakeEmbedder,
        tmp_path / "carrying",
        workers=1,
        report=lambda stage, done, total: None,
    )


def test_publishing_another_index_keeps_what_was_uploaded(
    room: Room, shipped: Path, tmp_path: Path
) -> None:
    assert carried(room, shipped, tmp_path) == shipped
    room.ingestion.run([room.put("pump.md")])
    newer = tmp_path / "newer"
    build_index(write_corpus(tmp_path / "newer-docs", {"t.md": "# T\n\nA charge of 14.\n"}), newer)
    publish(room.indexes, carried(room, newer, tmp_path), over=room.indexes.current())
    assert set(room.documents()) == {"newer-docs/t.md", "uploads/pump.md"}
    assert "17 dollars" in room.found("pumping station")


def test_an_index_with_paths_of_uploads_is_not_published(room: Room, tmp_path: Path) -> None:
    index = tmp_path / "index"
    build_index(write_corpus(tmp_path / "uploads", {"t.md": "# T\n\nA charge.\n"}), index)
    with pytest.raises(ReservedPaths, match="Rename their folder"):
        carried(room, index, tmp_path)


# --- the entry point ------------------------------------------------------------------------------


def message(number: int, *keys: str, deliveries: int = 1) -> dict[str, Any]:
    records = [
        {"eventName": "ObjectCreated:Put", "s3": {"object": {"key": quote_plus(key, safe="/")}}}
        for key in keys
    ]
    return {
        "messageId": str(number),
        "body": json.dumps({"Records": records}),
        "attributes": {"ApproximateReceiveCount": str(deliveries)},
    }


@pytest.fixture
def deliver(
    room: Room, shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., list[str]]]:
    root = Path(__file__).parents[2]
    for name, value in {
        "TABLE_NAME": "copilot",
        "DOCUMENT_BUCKET": "documents",
        "INDEX_BUCKET": "indexes",
        "INDEX_DIR": str(root / "faiss_index"),
        "MODEL_DIR": str(root / "inference" / "model"),
    }.items():
        monkeypatch.setenv(name, value)
    for cached in (entry.settings, entry.ingestion):
        cached.cache_clear()

    def call(*records: dict[str, Any]) -> list[str]:
        answer = entry.handler({"Records": list(records)}, None)
        return [failed["itemIdentifier"] for failed in answer["batchItemFailures"]]

    yield call
    for cached in (entry.settings, entry.ingestion):
        cached.cache_clear()


def test_a_batch_of_notifications_becomes_one_index(
    room: Room, deliver: Callable[..., list[str]]
) -> None:
    room.put("a report (final) ü.md")
    room.put("scan.pdf", b"%PDF-1.4 nothing")
    test_event = {"messageId": "3", "body": '{"Service":"Amazon S3","Event":"s3:TestEvent"}'}
    failed = deliver(
        message(1, "a report (final) ü.md", "folder/", ".hidden"),
        message(2, "scan.pdf"),
        test_event,
        {"messageId": "4", "body": "no notification"},
    )
    assert failed == ["4"]
    assert room.status("a report (final) ü.md") == ("indexed", None)
    assert room.status("scan.pdf")[0] == "failed"
    assert len(room.indexes.versions()) == 1
    assert len(room.statuses.all()) == 2


def test_what_fails_for_the_moment_is_delivered_again_and_at_last_given_up(
    room: Room, deliver: Callable[..., list[str]]
) -> None:
    room.put("pump.md")
    room.s3.delete_bucket(Bucket="indexes")
    assert deliver(message(1, "pump.md")) == ["1"]
    assert room.status("pump.md")[0] == "queued"
    assert deliver(message(1, "pump.md", deliveries=5)) == ["1"]
    assert room.status("pump.md") == ("failed", GAVE_UP)
    room.s3.create_bucket(Bucket="indexes")
    assert deliver(message(2, "pump.md")) == []
    assert room.status("pump.md") == ("indexed", None)


def test_a_run_that_is_killed_at_the_last_attempt_leaves_the_document_given_up(
    room: Room, deliver: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """What ends a process: no handler of exceptions sees it."""

    def killed(*_: Any, **__: Any) -> Any:
        raise Killed

    room.put("pump.md")
    monkeypatch.setattr("embed.ingestion.load_source", killed)
    for attempt, state in ((1, "indexing"), (4, "indexing"), (5, "failed")):
        with pytest.raises(Killed):
            deliver(message(1, "pump.md", deliveries=attempt))
        assert room.status("pump.md")[0] == state
    monkeypatch.undo()
    assert room.status("pump.md") == ("failed", GAVE_UP)
    room.ingestion.run(["pump.md"], last={"pump.md"})
    assert room.status("pump.md") == ("indexed", None)


class Context:
    """Lambda's, as much as is used of it: the time that is left."""

    def __init__(self, *left_ms: int) -> None:
        self._left_ms = list(left_ms)

    def get_remaining_time_in_millis(self) -> int:
        return self._left_ms.pop(0) if self._left_ms else 300_000


def failed_of(answer: dict[str, Any]) -> list[str]:
    return [failed["itemIdentifier"] for failed in answer["batchItemFailures"]]


@pytest.mark.usefixtures("deliver")
def test_a_document_that_breaks_a_run_takes_no_other_with_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["a.md", "bad.md", "c.md"]
    for number, name in enumerate(names):
        room.put(name, PUMP.replace(b"17", str(number).encode()))

    def breaks(source: Any, **given: Any) -> Any:
        if source.path == "uploads/bad.md":
            raise MemoryError
        return load_source(source, **given)

    monkeypatch.setattr("embed.ingestion.load_source", breaks)
    batch = [message(n, name) for n, name in enumerate(names)]
    assert failed_of(entry.handler({"Records": batch}, Context())) == ["0", "1", "2"]
    again = [message(n, name, deliveries=2) for n, name in enumerate(names)]
    assert failed_of(entry.handler({"Records": again}, Context())) == ["1"]
    assert [room.status(name)[0] for name in names] == ["indexed", "queued", "indexed"]
    uploaded = {path for path in room.documents() if path.startswith("uploads/")}
    assert uploaded == {"uploads/a.md", "uploads/c.md"}


@pytest.mark.usefixtures("deliver")
def test_what_there_is_no_time_for_comes_again(room: Room) -> None:
    names = ["a.md", "b.md", "c.md"]
    for number, name in enumerate(names):
        room.put(name, PUMP.replace(b"17", str(number).encode()))
    again = [message(n, name, deliveries=2) for n, name in enumerate(names)]
    context = Context(entry.ENOUGH_MS + 1, entry.ENOUGH_MS)
    assert failed_of(entry.handler({"Records": again}, context)) == ["2"]
    assert room.documents().keys() >= {"uploads/a.md", "uploads/b.md"}
    assert "uploads/c.md" not in room.documents()


def test_what_comes_again_comes_from_either_end_in_turn() -> None:
    def order(*deliveries: int) -> list[list[str]]:
        told = [Told(str(n), (), count, None) for n, count in enumerate(deliveries)]
        return [[one.message for one in group] for group in indexed_together(told)]

    assert order(1, 1, 1) == [["0", "1", "2"]]
    assert order(2, 2, 2) == [["0"], ["1"], ["2"]]
    assert order(3, 3, 3) == [["2"], ["1"], ["0"]]
    assert order(2, 1, 2, 1) == [["1", "3"], ["0"], ["2"]]
    assert order() == []


def test_a_run_leaves_its_figures_in_a_line_that_the_saved_queries_read(
    room: Room, deliver: Callable[..., list[str]]
) -> None:
    room.put("pump.md")
    room.put("scan.pdf", b"%PDF-1.4 nothing")
    entry.ingestion()  # It sets up the logs of its process.
    logs = emf.logged()
    record = message(1, "pump.md", "scan.pdf")
    record["attributes"]["SentTimestamp"] = str(int(time.time() * 1000) - 5_000)
    assert deliver(record, {"messageId": "2", "body": "no notification"}) == ["2"]
    empty(room.s3, "indexes")
    room.s3.delete_bucket(Bucket="indexes")
    assert deliver(message(3, "pump.md", deliveries=5)) == ["3"]
    done, broken = emf.metrics_of(logs.getvalue())
    figures = emf.values_of(done)
    assert 5_000 <= figures.pop("IngestionTime") < 300_000
    assert figures == {"IndexedDocuments": 1, "FailedDocuments": 1, "PublishedIndexes": 1}
    assert emf.values_of(broken) == {"FailedDocuments": 1, "Failures": 1}
    lines = emf.lines_of(logs.getvalue())
    known = {name for line in lines for name in line} | saved_queries.OF_LOGS_INSIGHTS
    messages = {line["message"] for line in lines}
    own = [q for q in saved_queries.saved_queries() if q.groups == {"IngestionLogs"}]
    assert len(own) == 2
    for query in own:
        assert saved_queries.fields_of(query.text) <= known, query.name
        (listed,) = re.findall(r"message in \[(.+)\]", query.text)
        assert set(re.findall(r'"([^"]+)"', listed)) <= messages


def test_the_entry_point_needs_nothing_that_the_image_lacks() -> None:
    """Neither the command line's library nor the development ones are in the image's lock."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys\nfor name in ('rich', 'pytest', 'reportlab', 'local'):\n"
            "    sys.modules[name] = None\nimport embed.handler",
        ],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_status_that_has_expired_is_not_shown(room: Room, time: Time) -> None:
    room.ingestion.run(["gone.md"])
    assert room.status("gone.md") == ("removed", None)
    time.now += 2 * 86_400
    assert room.statuses.all() == []
