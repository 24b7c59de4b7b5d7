"""Which published versions of an index stay in the bucket, and the deletion of the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from copilot.index_bundle.bucket import IndexBucket
from copilot.index_bundle.manifest import MANIFEST_NAME
from copilot.index_bundle.pointer import PREFIX, IndexPointer, is_version, manifest_key

KEPT = 20
"""How many versions stay, the newest ones."""
YOUNG_S = 86_400.0
"""Nothing is deleted that was uploaded within this time: an upload may be under way, and whoever
publishes often keeps a day to go back in."""


@dataclass(frozen=True)
class _Folder:
    """What lies under a version. Without ``completed_at`` an upload was broken off."""

    version: str
    keys: tuple[str, ...]
    touched_at: float
    completed_at: float | None


def prune(
    bucket: IndexBucket,
    *,
    keep: int = KEPT,
    before: IndexPointer | None = None,
    now: Callable[[], float] = time.time,
) -> list[str]:
    """Delete versions that nobody goes back to, and what broken uploads have left; returns them.

    The newest ``keep`` stay, the current one, ``before`` (which was current until now: a process
    may still be fetching it), and whatever was uploaded within ``YOUNG_S``. In a bucket that keeps
    replaced objects, as the stack's does for 30 days, the deleted can still be recovered by hand.

    Raises:
        IndexUnusable: the pointer is damaged; nothing was deleted.
        BucketUnreachable: S3 refused or did not answer; what is left can be deleted another time.
    """
    folders = _folders(bucket.sizes(PREFIX))
    spared = {folder.version for folder in _newest(folders)[:keep]}
    if before is not None:
        spared.add(before.version)
    deleted = []
    for folder in folders:
        if folder.version in spared or now() - folder.touched_at < YOUNG_S:
            continue
        # Looked up for each: somebody may have gone back to it a moment ago.
        current = bucket.current()
        if current is None or current.pointer.version == folder.version:
            continue
        # Without its manifest it is no version any more, whatever else is still there.
        manifest = manifest_key(folder.version)
        for key in sorted(folder.keys, key=lambda key: key != manifest):
            bucket.delete(key)
        deleted.append(folder.version)
    return deleted


def _folders(objects: dict[str, tuple[int, float]]) -> list[_Folder]:
    of: dict[str, list[str]] = {}
    for key in objects:
        version = key.removeprefix(PREFIX).partition("/")[0]
        if is_version(version):
            of.setdefault(version, []).append(key)
    return [
        _Folder(
            version,
            tuple(keys),
            touched_at=max(objects[key][1] for key in keys),
            completed_at=objects.get(f"{PREFIX}{version}/{MANIFEST_NAME}", (0, None))[1],
        )
        for version, keys in of.items()
    ]


def _newest(folders: Iterable[_Folder]) -> list[_Folder]:
    whole = [(folder.completed_at, folder) for folder in folders if folder.completed_at is not None]
    return [folder for _, folder in sorted(whole, key=lambda item: (-item[0], item[1].version))]
