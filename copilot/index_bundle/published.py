"""The current index as a process sees it: the one in the bucket, or the one it was shipped with.

It looks at the pointer no more often than it is told to. Whatever is wrong with the bucket or what
it points to is logged, and the process goes on with what it has.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from copilot.index_bundle.bucket import BucketUnreachable, Current, IndexBucket
from copilot.index_bundle.download import download
from copilot.index_bundle.manifest import MANIFEST_NAME, IndexUnusable

logger = logging.getLogger(__name__)


class PublishedIndex:
    """Follows the pointer of one bucket. Not for several threads at a time."""

    def __init__(
        self,
        bucket: Callable[[], IndexBucket],
        *,
        shipped: Path,
        folder: Path,
        monotonic: Callable[[], float],
        every_s: float,
        only: Collection[str] | None = None,
    ) -> None:
        """``bucket`` makes the client, when it is first needed; ``shipped`` is the bundle that the
        artifact carries; downloads are put into ``folder``, of ``only`` those files."""
        self._make_bucket = bucket
        self._bucket: IndexBucket | None = None
        self._shipped = shipped
        self._folder = folder
        self._monotonic = monotonic
        self._every_s = every_s
        self._only = only
        self._etag: str | None = None
        self._looked_at: float | None = None

    @property
    def is_due(self) -> bool:
        """Whether it is time to look at the pointer again."""
        return self._looked_at is None or self._monotonic() - self._looked_at >= self._every_s

    def first(self) -> Path:
        """The bundle to begin with: the current one, or the shipped one where there is none or it
        cannot be had. What an earlier process has left in the folder is removed."""
        newest = self._fetch(self._look())
        kept = newest or self._shipped
        if self._folder.is_dir():
            for left in self._folder.iterdir():
                if left != kept:
                    shutil.rmtree(left, ignore_errors=True)
        return kept

    def has_moved(self) -> bool:
        """Whether the pointer is another than the one last fetched: one small request."""
        self._looked_at = self._monotonic()
        try:
            return self._reach().pointer_etag() != self._etag
        except BucketUnreachable as error:
            logger.warning("index pointer not read", extra={"reason": str(error)})
            return False

    def fetch(self) -> Path | None:
        """The bundle that is current now, or ``None`` where it cannot be had."""
        return self._fetch(self._look())

    def discard(self, bundle: Path) -> None:
        """Delete a bundle that nobody reads any more, if it was downloaded."""
        if bundle.parent == self._folder:
            shutil.rmtree(bundle, ignore_errors=True)

    def _reach(self) -> IndexBucket:
        if self._bucket is None:
            self._bucket = self._make_bucket()
        return self._bucket

    def _look(self) -> Current | None:
        self._looked_at = self._monotonic()
        try:
            current = self._reach().current()
        except (BucketUnreachable, IndexUnusable) as error:
            logger.warning("index pointer not read", extra={"reason": str(error)})
            return None
        if current is None:
            # Nothing has been published, or no more: what was shipped is current.
            self._etag = None
        return current

    def _fetch(self, current: Current | None) -> Path | None:
        if current is None:
            return self._shipped if self._etag is None else None
        version = current.pointer.version
        try:
            if current.pointer.manifest_sha256 == self._shipped_sha256():
                bundle = self._shipped
            else:
                bundle = download(self._reach(), current.pointer, self._folder, self._only)
        except BucketUnreachable as error:
            logger.warning("index not read", extra={"version": version, "reason": str(error)})
            return None
        except IndexUnusable as error:
            logger.error("index unusable", extra={"version": version, "reason": str(error)})
            # It is not tried again until the pointer moves.
            self._etag = current.etag
            return None
        self._etag = current.etag
        return bundle

    def _shipped_sha256(self) -> str:
        try:
            return hashlib.sha256((self._shipped / MANIFEST_NAME).read_bytes()).hexdigest()
        except OSError:
            return ""
