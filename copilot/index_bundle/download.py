"""Bring a published index onto this machine: read in parallel ranges, verified, then renamed."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from copilot.index_bundle.bucket import IndexBucket, ObjectMissing
from copilot.index_bundle.manifest import (
    MANIFEST_NAME,
    FileEntry,
    IndexManifest,
    IndexUnusable,
    read_manifest,
    sha256_of,
)
from copilot.index_bundle.pointer import IndexPointer, key_of, manifest_key

PART_BYTES = 8 * 1024 * 1024
READERS = 8
SPARE_BYTES = 32 * 1024 * 1024
"""What must stay free on the disk besides the index."""


def download(
    bucket: IndexBucket, pointer: IndexPointer, into: Path, only: Collection[str] | None = None
) -> Path:
    """Return the folder ``into/VERSION`` with the files of the version (those of ``only``).

    Every file has the size and the hash that the manifest promises, and the manifest the hash that
    the pointer names. A download that fails leaves nothing behind.

    Raises:
        IndexUnusable: something is missing, truncated, altered, or there is no room for it.
        BucketUnreachable: S3 does not give it.
    """
    whole = into / pointer.version
    if whole.is_dir():
        # An earlier start got as far as renaming it, which it did when it was verified.
        return whole
    into.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=".", dir=into))
    try:
        manifest = _fetch_manifest(bucket, pointer, stage)
        wanted = {n: e for n, e in manifest.files.items() if only is None or n in only}
        _demand_room(into, wanted, pointer.version)
        _fetch_files(bucket, pointer.version, wanted, stage)
        stage.rename(whole)
    except ObjectMissing as error:
        raise IndexUnusable(
            f"Index {pointer.version} is not whole: {error} Publish it again, or go back to "
            "another one: make index-versions"
        ) from error
    except OSError as error:
        raise IndexUnusable(f"Index {pointer.version} cannot be kept: {error}") from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return whole


def _fetch_manifest(bucket: IndexBucket, pointer: IndexPointer, stage: Path) -> IndexManifest:
    raw = bucket.read(manifest_key(pointer.version))
    if hashlib.sha256(raw).hexdigest() != pointer.manifest_sha256:
        raise _altered(pointer.version, MANIFEST_NAME)
    (stage / MANIFEST_NAME).write_bytes(raw)
    return read_manifest(stage)


def _demand_room(into: Path, wanted: dict[str, FileEntry], version: str) -> None:
    needed = sum(entry.bytes for entry in wanted.values())
    free = shutil.disk_usage(into).free - SPARE_BYTES
    if needed > free:
        raise IndexUnusable(
            f"Index {version} has {needed / 2**20:.0f} MB, but {into} has room for "
            f"{max(free, 0) / 2**20:.0f} MB. Raise the function's ephemeral storage."
        )


def _fetch_files(
    bucket: IndexBucket, version: str, wanted: dict[str, FileEntry], stage: Path
) -> None:
    for name in wanted:
        key_of(version, name)
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        (stage / name).touch()

    def fetch(part: tuple[str, int, int]) -> None:
        name, start, length = part
        content = bucket.read(key_of(version, name), start=start, length=length)
        if len(content) != length:
            raise _altered(version, name)
        descriptor = os.open(stage / name, os.O_WRONLY)
        try:
            written = 0
            while written < length:
                written += os.pwrite(descriptor, content[written:], start + written)
        finally:
            os.close(descriptor)

    def verify(name: str) -> None:
        if sha256_of(stage / name) != wanted[name].sha256:
            raise _altered(version, name)

    with ThreadPoolExecutor(READERS, thread_name_prefix="index") as pool:
        try:
            for _ in pool.map(fetch, _parts(wanted)):
                pass
            for _ in pool.map(verify, wanted):
                pass
        finally:
            pool.shutdown(cancel_futures=True)


def _parts(wanted: dict[str, FileEntry]) -> Iterator[tuple[str, int, int]]:
    """File, start and length of every read, the largest files first."""
    for name, entry in sorted(wanted.items(), key=lambda item: -item[1].bytes):
        for start in range(0, entry.bytes, PART_BYTES):
            yield name, start, min(PART_BYTES, entry.bytes - start)


def _altered(version: str, name: str) -> IndexUnusable:
    return IndexUnusable(
        f"{name} of index {version} differs from what its manifest promises (truncated or "
        "altered). Publish the index again, or go back to another one: make index-versions"
    )
