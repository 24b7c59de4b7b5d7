"""Publish an index as a new version in S3, list the versions, and go back to one.

A version is uploaded whole before the pointer is switched to it, so whoever follows the pointer
sees the old index or the new one. The switch is one conditional write: of two that publish at the
same time one is told to look again.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from copilot.index_bundle.bucket import (
    Current,
    IndexBucket,
    PointerMoved,
    Version,
    code_of,
    unreachable,
)
from copilot.index_bundle.manifest import (
    MANIFEST_NAME,
    FileEntry,
    IndexManifest,
    IndexUnusable,
    read_manifest,
    verify_files,
)
from copilot.index_bundle.pointer import IndexPointer, is_version, key_of, manifest_key, pointer_to
from embed.errors import EmbedError

UPLOADS = 8
_EXISTS = {"412", "PreconditionFailed"}


class UnknownVersion(EmbedError):
    """There is no such version."""


class PublishedMeanwhile(EmbedError):
    """Somebody else has published; nothing was changed."""


class DamagedVersion(EmbedError):
    """What lies in the bucket under this version is something else."""


@dataclass(frozen=True)
class Switched:
    """Where the pointer stands now, and where it stood; the same where nothing was to do."""

    current: IndexPointer
    before: IndexPointer | None


def publish(
    bucket: IndexBucket,
    bundle: Path,
    *,
    over: Current | None,
    now: Callable[[], float] = time.time,
    report: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Switched:
    """Upload ``bundle`` and make it current, if the pointer still is ``over``.

    Raises:
        IndexUnusable: the bundle is damaged.
        DamagedVersion: the bucket holds other bytes under its version.
        PublishedMeanwhile: the pointer has moved since; what was uploaded stays, unused.
        BucketUnreachable: S3 refused or did not answer.
    """
    manifest = read_manifest(bundle)
    verify_files(bundle, manifest)
    raw = (bundle / MANIFEST_NAME).read_bytes()
    pointer = pointer_to(manifest, raw, int(now() * 1000))
    before = None if over is None else over.pointer
    if before is not None and before.version == pointer.version:
        return Switched(before, before)
    _upload(bucket, pointer, bundle, manifest, report)
    _switch(bucket, pointer, over)
    if _lacking(bucket, pointer.version, manifest):
        # It was there already, and whoever deletes old versions took it for one of them.
        _upload(bucket, pointer, bundle, manifest, report)
    return Switched(pointer, before)


def versions(bucket: IndexBucket) -> tuple[list[Version], IndexPointer | None]:
    """Every complete version, newest first, and the current one.

    Raises:
        IndexUnusable, BucketUnreachable: see ``IndexBucket.current``.
    """
    current = bucket.current()
    return bucket.versions(), None if current is None else current.pointer


def roll_back(
    bucket: IndexBucket, version: str, *, now: Callable[[], float] = time.time
) -> Switched:
    """Make ``version`` current again; the beginning of its name is enough where only one has it.

    A damaged pointer is no hindrance: it is replaced.

    Raises:
        UnknownVersion: there is none, or more than one, or it is not whole; nothing was changed.
        PublishedMeanwhile: see ``publish``.
        BucketUnreachable: S3 refused or did not answer.
    """
    found = [known.name for known in bucket.versions() if known.name.startswith(version)]
    if not version or len(found) != 1 or not is_version(found[0]):
        many = "More than one version begins"
        few = many if len(found) > 1 else "No version (old ones are deleted) begins"
        raise UnknownVersion(
            f"{few} with {version!r} in s3://{bucket.name}; nothing was changed. "
            "List them: make index-versions"
        )
    (name,) = found
    raw = bucket.read(manifest_key(name))
    pointer = _verified_pointer(bucket, name, raw, int(now() * 1000))
    over, etag = _standing(bucket)
    if over is not None and over.version == name:
        return Switched(over, over)
    _switch_from(bucket, pointer, etag)
    return Switched(pointer, over)


def _verified_pointer(bucket: IndexBucket, name: str, raw: bytes, at_ms: int) -> IndexPointer:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        (Path(folder) / MANIFEST_NAME).write_bytes(raw)
        manifest = read_manifest(Path(folder))
    pointer = pointer_to(manifest, raw, at_ms)
    lacking = _lacking(bucket, name, manifest)
    if pointer.version != name or lacking:
        what = ", ".join(lacking) or MANIFEST_NAME
        raise UnknownVersion(
            f"{name} is not whole in s3://{bucket.name} ({what}); nothing was changed. "
            "Take another one: make index-versions"
        )
    return pointer


def _lacking(bucket: IndexBucket, version: str, manifest: IndexManifest) -> list[str]:
    """The files of a version that are not there, or not of their size."""
    sizes = bucket.sizes(manifest_key(version).removesuffix(MANIFEST_NAME))
    lacking = [
        file
        for file, entry in manifest.files.items()
        if sizes.get(key_of(version, file), (None,))[0] != entry.bytes
    ]
    return lacking if manifest_key(version) in sizes else [*lacking, MANIFEST_NAME]


def _standing(bucket: IndexBucket) -> tuple[IndexPointer | None, str | None]:
    """The pointer and its entity tag, the latter even where the former is damaged."""
    try:
        current = bucket.current()
    except IndexUnusable:
        return None, bucket.pointer_etag()
    return (None, None) if current is None else (current.pointer, current.etag)


def _switch(bucket: IndexBucket, pointer: IndexPointer, over: Current | None) -> None:
    _switch_from(bucket, pointer, None if over is None else over.etag)


def _switch_from(bucket: IndexBucket, pointer: IndexPointer, etag: str | None) -> None:
    try:
        bucket.switch(pointer, etag)
    except PointerMoved as error:
        raise PublishedMeanwhile(
            f"Somebody else has published to s3://{bucket.name} in the meantime; the current index "
            "is theirs. Look at it (make index-versions), then publish again."
        ) from error


def _upload(
    bucket: IndexBucket,
    pointer: IndexPointer,
    bundle: Path,
    manifest: IndexManifest,
    report: Callable[[str, int, int], None],
) -> None:
    """Upload what is not there yet; the manifest last, which makes a version of it."""

    def put(item: tuple[str, FileEntry]) -> None:
        name, entry = item
        with (bundle / name).open("rb") as file:
            _put(bucket, key_of(pointer.version, name), file, entry)

    report("Uploading", 0, len(manifest.files))
    with ThreadPoolExecutor(UPLOADS) as pool:
        try:
            for done, _ in enumerate(pool.map(put, manifest.files.items()), start=1):
                report("Uploading", done, len(manifest.files))
        finally:
            pool.shutdown(cancel_futures=True)
    raw = (bundle / MANIFEST_NAME).read_bytes()
    entry = FileEntry(bytes=len(raw), sha256=pointer.manifest_sha256)
    _put(bucket, manifest_key(pointer.version), raw, entry)


def _put(bucket: IndexBucket, key: str, body: Any, entry: FileEntry) -> None:
    """Write an object once; S3 refuses bytes that do not have the hash of the manifest."""
    checksum = base64.b64encode(bytes.fromhex(entry.sha256)).decode()
    try:
        bucket.client.put_object(
            Bucket=bucket.name, Key=key, Body=body, ChecksumSHA256=checksum, IfNoneMatch="*"
        )
    except ClientError as error:
        if code_of(error) not in _EXISTS:
            raise unreachable(bucket.name, key, error) from error
        _demand_same(bucket, key, entry, checksum)
    except BotoCoreError as error:
        raise unreachable(bucket.name, key, error) from error


def _demand_same(bucket: IndexBucket, key: str, entry: FileEntry, checksum: str) -> None:
    """An earlier upload was interrupted, or another one is under way: the bytes must be these."""
    try:
        head = bucket.client.head_object(Bucket=bucket.name, Key=key, ChecksumMode="ENABLED")
    except (ClientError, BotoCoreError) as error:
        raise unreachable(bucket.name, key, error) from error
    if (head.get("ContentLength", entry.bytes), head.get("ChecksumSHA256", checksum)) != (
        entry.bytes,
        checksum,
    ):
        raise DamagedVersion(
            f"s3://{bucket.name}/{key} exists and is not what the manifest promises. "
            "Delete it, then publish again."
        )
