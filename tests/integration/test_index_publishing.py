"""Indexes in S3 (moto): published, switched, gone back to, fetched; and all that is damaged."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import boto3
import pytest

from copilot.index_bundle import download as index_download
from copilot.index_bundle.bucket import BucketUnreachable, IndexBucket
from copilot.index_bundle.download import download
from copilot.index_bundle.manifest import IndexUnusable
from copilot.index_bundle.pointer import POINTER_KEY, IndexPointer, key_of, manifest_key
from copilot.index_bundle.published import PublishedIndex
from copilot.index_bundle.texts import FILES
from embed import retention
from embed.cli import main
from embed.publishing import (
    DamagedVersion,
    PublishedMeanwhile,
    UnknownVersion,
    publish,
    roll_back,
    versions,
)
from inference.retrieval.faiss_retriever import FaissRetriever
from tests.fakes import FakeEmbedder
from tests.integration.index_builders import ask, build_index, write_corpus

FIRST = {"tariff.md": "# Tariff\n\nThe customer charge is 12 dollars.\n"}
SECOND = {"tariff.md": "# Tariff\n\nThe customer charge is 14 dollars.\n"}


@pytest.fixture
def bucket(aws: None) -> IndexBucket:
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="indexes")
    return IndexBucket(client, "indexes")


def made(tmp_path: Path, name: str, documents: dict[str, str]) -> Path:
    out = tmp_path / f"{name}-index"
    build_index(write_corpus(tmp_path / name, documents), out)
    return out


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return made(tmp_path, "first", FIRST)


@pytest.fixture
def second(tmp_path: Path) -> Path:
    return made(tmp_path, "second", SECOND)


def put(bucket: IndexBucket, bundle: Path) -> IndexPointer:
    return publish(bucket, bundle, over=bucket.current()).current


def keys(bucket: IndexBucket) -> set[str]:
    return set(bucket.sizes(""))


def said(bundle: Path) -> str:
    retriever = FaissRetriever.open(bundle, FakeEmbedder())
    return ask(retriever, "customer charge")[0].text


# --- publishing -----------------------------------------------------------------------------------


def test_a_published_index_is_fetched_byte_for_byte(
    bucket: IndexBucket, first: Path, tmp_path: Path
) -> None:
    pointer = put(bucket, first)
    fetched = download(bucket, pointer, tmp_path / "local")
    assert {p.relative_to(fetched): p.read_bytes() for p in fetched.rglob("*") if p.is_file()} == {
        p.relative_to(first): p.read_bytes() for p in first.rglob("*") if p.is_file()
    }
    assert "12 dollars" in said(fetched)
    assert [p.name for p in (tmp_path / "local").iterdir()] == [pointer.version]


def test_files_are_read_in_parts(
    bucket: IndexBucket, first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_download, "PART_BYTES", 100)
    assert "12 dollars" in said(download(bucket, put(bucket, first), tmp_path / "local"))


def test_publishing_again_changes_nothing(bucket: IndexBucket, first: Path) -> None:
    pointer = put(bucket, first)
    again = publish(bucket, first, over=bucket.current())
    assert again.current == again.before == pointer


def test_a_version_is_whole_before_it_is_current(
    bucket: IndexBucket, first: Path, second: Path
) -> None:
    class Breaks:
        """A client whose line is cut at the manifest."""

        def __getattr__(self, name: str) -> Any:
            return getattr(bucket.client, name)

        def put_object(self, **request: Any) -> Any:
            if request["Key"].endswith("manifest.json"):
                raise ConnectionResetError
            return bucket.client.put_object(**request)

    pointer = put(bucket, first)
    with pytest.raises(ConnectionResetError):
        publish(IndexBucket(Breaks(), bucket.name), second, over=bucket.current())
    found, current = versions(bucket)
    assert [v.name for v in found] == [pointer.version]
    assert current == pointer
    assert "14 dollars" in (second / "texts.txt").read_text()
    assert put(bucket, second).version != pointer.version, "what was uploaded is used"


def test_a_truncated_bundle_is_not_published(bucket: IndexBucket, first: Path) -> None:
    texts = first / "texts.txt"
    texts.write_bytes(texts.read_bytes()[:-1])
    with pytest.raises(IndexUnusable, match=r"texts\.txt"):
        put(bucket, first)
    assert keys(bucket) == set()


def test_of_two_publishers_one_is_told_to_look_again(
    bucket: IndexBucket, first: Path, second: Path
) -> None:
    seen_by_both = bucket.current()
    winner = publish(bucket, first, over=seen_by_both).current
    with pytest.raises(PublishedMeanwhile, match="index-versions"):
        publish(bucket, second, over=seen_by_both)
    current = bucket.current()
    assert current is not None
    assert current.pointer == winner
    assert publish(bucket, second, over=current).before == winner


def test_other_bytes_under_the_same_name_are_not_overwritten(
    bucket: IndexBucket, first: Path
) -> None:
    pointer = put(bucket, first)
    client = bucket.client
    client.delete_object(Bucket=bucket.name, Key=POINTER_KEY)
    client.put_object(Bucket=bucket.name, Key=key_of(pointer.version, "texts.txt"), Body=b"else")
    with pytest.raises(DamagedVersion, match=r"texts\.txt"):
        put(bucket, first)
    assert bucket.current() is None


# --- going back -----------------------------------------------------------------------------------


def test_going_back_moves_the_pointer_alone(bucket: IndexBucket, first: Path, second: Path) -> None:
    old, new = put(bucket, first), put(bucket, second)
    before = keys(bucket)
    switched = roll_back(bucket, old.version[:16])
    assert (switched.current.version, switched.before) == (old.version, new)
    assert keys(bucket) == before
    assert roll_back(bucket, old.version).before == switched.current, "it is current already"


@pytest.mark.parametrize("version", ["", "zz", "../current.json", "0123456789abcdef-0123456789ab"])
def test_a_version_that_does_not_exist_changes_nothing(
    bucket: IndexBucket, first: Path, version: str
) -> None:
    pointer = put(bucket, first)
    with pytest.raises(UnknownVersion, match="nothing was changed"):
        roll_back(bucket, version)
    current = bucket.current()
    assert current is not None
    assert current.pointer == pointer


def test_a_version_that_is_not_whole_is_not_gone_back_to(
    bucket: IndexBucket, first: Path, second: Path
) -> None:
    old, new = put(bucket, first), put(bucket, second)
    bucket.client.delete_object(Bucket=bucket.name, Key=key_of(old.version, "texts.txt"))
    with pytest.raises(UnknownVersion, match=r"texts\.txt"):
        roll_back(bucket, old.version)
    current = bucket.current()
    assert current is not None
    assert current.pointer == new


def test_a_damaged_pointer_is_replaced_by_going_back(bucket: IndexBucket, first: Path) -> None:
    pointer = put(bucket, first)
    bucket.client.put_object(Bucket=bucket.name, Key=POINTER_KEY, Body=b"{}")
    with pytest.raises(IndexUnusable, match="index-rollback"):
        bucket.current()
    assert roll_back(bucket, pointer.version).current.version == pointer.version


def test_the_commands_say_what_is_current(
    bucket: IndexBucket, first: Path, second: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    in_bucket = ["--bucket", bucket.name]
    assert main(["versions", *in_bucket]) == 0
    assert "Nothing is current" in capsys.readouterr().out
    for index in (first, second):
        assert main(["publish", str(index), *in_bucket]) == 0
    found, _ = versions(bucket)
    assert len(found) == 2
    said_last = capsys.readouterr().out.splitlines()[-1]
    old = said_last.removesuffix(".").rpartition(" ")[2]
    assert old in {version.name for version in found}
    assert main(["rollback", "nothing", *in_bucket]) == 1
    assert "nothing was changed" in capsys.readouterr().err
    assert main(["rollback", old, *in_bucket]) == 0
    assert f"{old} is current, before it was" in capsys.readouterr().out
    assert main(["publish", str(first), "--bucket", "not-there"]) == 1
    assert "Check the bucket's name" in capsys.readouterr().err


# --- old versions ---------------------------------------------------------------------------------

DAY = retention.YOUNG_S


class Shelf:
    """A bucket whose versions a test makes old: each is a manifest and one file of a few bytes."""

    def __init__(self, bucket: IndexBucket) -> None:
        self.bucket = bucket
        self.ages: dict[str, float] = {}

    def holds(self, *ages_in_days: float, whole: bool = True) -> list[str]:
        """Versions of these ages."""
        names = []
        for age in ages_in_days:
            name = f"{len(self.ages):016x}-{0:012x}"
            for file in ("texts.txt", "manifest.json") if whole else ("texts.txt",):
                self.bucket.client.put_object(
                    Bucket=self.bucket.name, Key=key_of(name, file), Body=b"{}"
                )
            self.ages[name] = age
            names.append(name)
        return names

    def point_to(self, version: str) -> IndexPointer:
        pointer = IndexPointer(version=version, manifest_sha256="0" * 64, published_at=1)
        self.bucket.switch(pointer, self.bucket.pointer_etag())
        return pointer

    def prune(self, keep: int, before: IndexPointer | None = None) -> list[str]:
        ages = self.ages

        class Aged(IndexBucket, frozen=True):
            def sizes(self, prefix: str) -> dict[str, tuple[int, float]]:
                return {
                    key: (size, -DAY * ages.get(key.split("/")[1], 0))
                    for key, (size, _) in super().sizes(prefix).items()
                }

        aged = Aged(self.bucket.client, self.bucket.name)
        return retention.prune(aged, keep=keep, before=before, now=lambda: 0.0)

    def left(self) -> set[str]:
        return {key.split("/")[1] for key in keys(self.bucket)} - {"current.json"}


@pytest.fixture
def shelf(bucket: IndexBucket) -> Shelf:
    return Shelf(bucket)


def test_the_newest_stay_and_so_does_what_is_younger_than_a_day(shelf: Shelf) -> None:
    old = shelf.holds(9, 8, 7)
    newest = shelf.holds(3, 2)
    young = shelf.holds(0.9, 0.5, 0.1)
    shelf.point_to(young[-1])
    assert set(shelf.prune(keep=5)) == set(old)
    assert shelf.left() == {*newest, *young}
    assert set(shelf.prune(keep=1)) == set(newest)
    assert shelf.left() == set(young)


def test_the_current_version_stays_however_old_and_so_does_the_one_before_it(shelf: Shelf) -> None:
    current, before, _, newest = shelf.holds(90, 80, 70, 2)
    gone_back = shelf.point_to(before)
    shelf.point_to(current)
    shelf.prune(keep=1, before=gone_back)
    assert shelf.left() == {current, before, newest}
    shelf.prune(keep=1)
    assert shelf.left() == {current, newest}


def test_what_a_broken_upload_has_left_goes_once_it_is_old(shelf: Shelf) -> None:
    (current,) = shelf.holds(5)
    (left,) = shelf.holds(4, whole=False)
    (under_way,) = shelf.holds(0.01, whole=False)
    shelf.point_to(current)
    assert shelf.prune(keep=10) == [left]
    assert shelf.left() == {current, under_way}


@pytest.mark.parametrize("pointer", [None, b"{}"])
def test_where_nothing_is_known_to_be_current_nothing_is_deleted(
    shelf: Shelf, pointer: bytes | None
) -> None:
    held = shelf.holds(9, 8, 7)
    if pointer is None:
        assert shelf.prune(keep=1) == []
    else:
        shelf.bucket.client.put_object(Bucket=shelf.bucket.name, Key=POINTER_KEY, Body=pointer)
        with pytest.raises(IndexUnusable):
            shelf.prune(keep=1)
    assert shelf.left() == set(held)


def test_a_version_to_which_somebody_goes_back_meanwhile_stays(shelf: Shelf) -> None:
    first, second, current = shelf.holds(9, 8, 2)
    shelf.point_to(current)

    class GoesBack:
        """A client beside which somebody rolls back as soon as anything is deleted."""

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def delete_object(self, **request: Any) -> Any:
            done = real.delete_object(**request)
            shelf.bucket = IndexBucket(real, "indexes")
            shelf.point_to(second)
            return done

    real: Any = shelf.bucket.client
    shelf.bucket = IndexBucket(GoesBack(), "indexes")
    assert shelf.prune(keep=1) == [first]
    assert shelf.left() == {second, current}


def test_a_kept_version_can_be_gone_back_to_and_a_deleted_one_says_so(
    bucket: IndexBucket, tmp_path: Path
) -> None:
    made_in_order = [
        put(bucket, made(tmp_path, f"n{n}", {"t.md": f"# Tariff\n\nThe charge is {n} dollars.\n"}))
        for n in range(3)
    ]
    oldest, middle, newest = (pointer.version for pointer in made_in_order)
    shelf = Shelf(bucket)
    shelf.ages = {oldest: 4, middle: 3, newest: 2}
    assert shelf.prune(keep=2) == [oldest]
    assert [version.name for version in versions(bucket)[0]].count(oldest) == 0
    with pytest.raises(UnknownVersion, match="old ones are deleted"):
        roll_back(bucket, oldest)
    assert roll_back(bucket, middle).current.version == middle
    fetched = download(bucket, made_in_order[1], tmp_path / "local")
    assert "1 dollars" in ask(FaissRetriever.open(fetched, FakeEmbedder()), "charge")[0].text


def test_an_old_version_that_is_published_again_while_it_is_deleted_is_whole(
    bucket: IndexBucket, first: Path, second: Path
) -> None:
    old = put(bucket, first)
    put(bucket, second)
    client: Any = bucket.client

    class Pruned:
        """A client beside which the version is deleted just before it becomes current."""

        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

        def put_object(self, **request: Any) -> Any:
            if request["Key"] == POINTER_KEY:
                for key in bucket.sizes(f"indexes/{old.version}/"):
                    bucket.delete(key)
            return client.put_object(**request)

    publish(IndexBucket(Pruned(), bucket.name), first, over=bucket.current())
    current = bucket.current()
    assert current is not None
    assert current.pointer.version == old.version
    assert roll_back(bucket, old.version).current.version == old.version, "it is whole"


def test_the_command_deletes_what_is_beyond_and_says_so(
    bucket: IndexBucket,
    first: Path,
    second: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "YOUNG_S", -60.0)
    old = put(bucket, first)
    put(bucket, second)
    third = made(tmp_path, "third", {"t.md": "# Tariff\n\nThe customer charge is 15 dollars.\n"})
    in_bucket = ["--bucket", bucket.name, "--keep", "0"]
    assert main(["publish", str(third), *in_bucket]) == 0
    assert f"{old.version}, an old version, was deleted." in capsys.readouterr().out


# --- fetching -------------------------------------------------------------------------------------


def damage(bucket: IndexBucket, pointer: IndexPointer, how: str) -> None:
    key = key_of(pointer.version, "texts.txt")
    raw = bucket.read(key)
    client: Any = bucket.client
    if how == "truncated":
        client.put_object(Bucket=bucket.name, Key=key, Body=raw[:-3])
    elif how == "altered":
        client.put_object(Bucket=bucket.name, Key=key, Body=b"x" + raw[1:])
    elif how == "missing":
        client.delete_object(Bucket=bucket.name, Key=key)
    elif how == "no manifest":
        client.delete_object(Bucket=bucket.name, Key=manifest_key(pointer.version))
    else:
        client.put_object(Bucket=bucket.name, Key=manifest_key(pointer.version), Body=b"{}")


DAMAGE = ("truncated", "altered", "missing", "no manifest", "another manifest")


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_version_is_refused_and_leaves_nothing_behind(
    bucket: IndexBucket, first: Path, tmp_path: Path, how: str
) -> None:
    pointer = put(bucket, first)
    damage(bucket, pointer, how)
    with pytest.raises(IndexUnusable, match="make index-versions"):
        download(bucket, pointer, tmp_path / "local")
    assert list((tmp_path / "local").iterdir()) == []


def test_an_index_for_which_there_is_no_room_is_not_fetched(
    bucket: IndexBucket, first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_download, "SPARE_BYTES", 2**60)
    with pytest.raises(IndexUnusable, match="ephemeral storage"):
        download(bucket, put(bucket, first), tmp_path / "local")


class Clock:
    """Monotonic seconds that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    return made(tmp_path, "shipped", {"old.md": "# Old\n\nThe shipped customer charge.\n"})


@pytest.fixture
def follow(bucket: IndexBucket, shipped: Path, clock: Clock, tmp_path: Path) -> PublishedIndex:
    return PublishedIndex(
        lambda: bucket, shipped=shipped, folder=tmp_path / "tmp", monotonic=clock, every_s=30
    )


def test_without_anything_published_the_shipped_index_is_current(
    follow: PublishedIndex, shipped: Path
) -> None:
    assert follow.first() == shipped
    assert not follow.has_moved()


def test_the_shipped_index_is_not_fetched_where_it_is_the_current_one(
    follow: PublishedIndex, bucket: IndexBucket, shipped: Path, tmp_path: Path
) -> None:
    put(bucket, shipped)
    assert follow.first() == shipped
    assert not (tmp_path / "tmp").exists()


def test_a_new_version_is_followed_and_so_is_the_way_back(
    follow: PublishedIndex, bucket: IndexBucket, first: Path, second: Path, clock: Clock
) -> None:
    old = put(bucket, first)
    bundle = follow.first()
    assert "12 dollars" in said(bundle)
    due = [follow.is_due]
    clock.now = 30
    due.append(follow.is_due)
    assert not follow.has_moved()
    assert [*due, follow.is_due] == [False, True, False]
    put(bucket, second)
    assert follow.has_moved()
    newer = follow.fetch()
    assert newer is not None
    assert "14 dollars" in said(newer)
    follow.discard(bundle)
    assert not bundle.exists()
    roll_back(bucket, old.version)
    assert follow.has_moved()
    again = follow.fetch()
    assert again == bundle
    assert "12 dollars" in said(again)


def test_what_was_shipped_is_never_deleted(follow: PublishedIndex, shipped: Path) -> None:
    follow.discard(shipped)
    assert "shipped" in said(shipped)


def test_a_process_that_starts_anew_keeps_the_current_download_and_drops_the_others(
    follow: PublishedIndex, bucket: IndexBucket, first: Path, tmp_path: Path
) -> None:
    kept = follow_folder(tmp_path, put(bucket, first), bucket)
    (tmp_path / "tmp" / ".half").mkdir()
    (tmp_path / "tmp" / "0000000000000000-000000000000").mkdir()
    assert follow.first() == kept
    assert list((tmp_path / "tmp").iterdir()) == [kept]


def follow_folder(tmp_path: Path, pointer: IndexPointer, bucket: IndexBucket) -> Path:
    return download(bucket, pointer, tmp_path / "tmp")


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_version_falls_back_and_is_not_tried_until_the_pointer_moves(
    follow: PublishedIndex,
    bucket: IndexBucket,
    first: Path,
    second: Path,
    shipped: Path,
    how: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    damage(bucket, put(bucket, first), how)
    with caplog.at_level(logging.WARNING):
        assert follow.first() == shipped
    assert "index unusable" in caplog.text
    assert not follow.has_moved()
    put(bucket, second)
    assert follow.has_moved()
    newer = follow.fetch()
    assert newer is not None
    assert "14 dollars" in said(newer)


def test_a_pointer_to_nothing_falls_back(
    follow: PublishedIndex, bucket: IndexBucket, shipped: Path
) -> None:
    digest = "ab" * 32
    bucket.switch(
        IndexPointer(
            version=f"0123456789abcdef-{digest[:12]}", manifest_sha256=digest, published_at=1
        ),
        None,
    )
    assert follow.first() == shipped


def test_a_bucket_that_cannot_be_read_is_asked_again_later(
    bucket: IndexBucket, first: Path, shipped: Path, clock: Clock, tmp_path: Path
) -> None:
    put(bucket, first)
    name = ["not-there"]
    follow = PublishedIndex(
        lambda: renamed(bucket, name),
        shipped=shipped,
        folder=tmp_path / "tmp",
        monotonic=clock,
        every_s=30,
    )
    assert follow.first() == shipped
    name[0] = bucket.name
    assert follow.has_moved()
    newer = follow.fetch()
    assert newer is not None
    assert "12 dollars" in said(newer)
    name[0] = "not-there"
    assert not follow.has_moved()
    assert follow.fetch() is None


def renamed(bucket: IndexBucket, name: list[str]) -> IndexBucket:
    """``bucket`` under a name that a test changes under the hands of its reader."""

    class Client:
        def __getattr__(self, call: str) -> Any:
            return lambda **given: getattr(bucket.client, call)(**{**given, "Bucket": name[0]})

    return IndexBucket(Client(), bucket.name)


def test_the_documents_alone_can_be_fetched(
    bucket: IndexBucket, first: Path, tmp_path: Path
) -> None:
    fetched = download(bucket, put(bucket, first), tmp_path / "texts", only=FILES)
    assert {p.name for p in fetched.iterdir()} == {*FILES, "manifest.json"}


def test_no_permission_is_told_apart_from_nothing_published(aws: None) -> None:
    bucket = IndexBucket(boto3.client("s3", region_name="us-east-1"), "not-there")
    with pytest.raises(BucketUnreachable, match="Check the bucket's name"):
        bucket.current()
