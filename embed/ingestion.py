"""Bring the current index up to date with some objects of the documents' bucket.

The objects decide, not the events: of each it is looked up what it holds now, so that an event that
comes twice, late or out of order does no harm. The index is published over the one it was made
from; where somebody else has published meanwhile it is made again from theirs.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from copilot.documents.status import DocumentStatuses, State
from copilot.documents.uploads import groups_of, path_of
from copilot.index_bundle.bucket import BucketUnreachable, IndexBucket, ObjectMissing
from copilot.index_bundle.download import download
from copilot.index_bundle.manifest import (
    IndexUnusable,
    OtherPrecision,
    read_manifest,
    verify_files,
)
from embed.build import build
from embed.document import Document
from embed.engine import LocalEngine
from embed.errors import UnreadableDocument
from embed.holdings import Held, Repeats, held_in, held_of, joined
from embed.publishing import PublishedMeanwhile, Switched, publish
from embed.retention import KEPT, prune
from embed.sources import Source, load_source
from inference.ports import Embedder

logger = logging.getLogger(__name__)

TRIES = 3
"""How often an index is made again because somebody else has published meanwhile."""

GAVE_UP = "It could not be indexed in several attempts; upload it again."
WAITS = "Indexing was interrupted and will be tried again."
ELSEWHERE = (
    "Uploads are not indexed here: the vectors are in Qdrant (Retriever=qdrant). Whoever runs this "
    "can build and publish the index with it (docs/indexing.md)."
)
"""Why nothing is indexed where workers would refuse an index without vectors in Qdrant."""
REDUCED = (
    "Uploads are not indexed here: the index was built with --precision int8, and one index holds "
    "one precision. Whoever runs this can build and publish it with them (docs/indexing.md)."
)


@dataclass(frozen=True)
class Limits:
    """``groups`` may read what lies in no folder; larger objects are refused; ``versions`` of the
    index are kept; ``refusal`` says why nothing is indexed at all, where that is so."""

    groups: tuple[str, ...] = ("public",)
    max_bytes: int = 32 * 1024 * 1024
    workers: int = 2
    versions: int = KEPT
    refusal: str | None = None


@dataclass(frozen=True)
class Ingested:
    """What one call has done: how many documents were indexed and how many could not be, and how
    many versions of the index it has published."""

    indexed: int = 0
    failed: int = 0
    published: int = 0


@dataclass
class _Found:
    """What the objects hold now, by their paths in the index."""

    read: dict[str, Held] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    failed: int = 0


class Ingestion:
    """Indexes objects of ``documents`` into ``indexes``; ``shipped`` is the index of the image,
    from which the first one is made."""

    def __init__(
        self,
        *,
        documents: IndexBucket,
        indexes: IndexBucket,
        statuses: DocumentStatuses,
        embedder: Callable[[], Embedder],
        shipped: Path,
        limits: Limits,
    ) -> None:
        self._documents = documents
        self._indexes = indexes
        self._statuses = statuses
        self._embedder = embedder
        self._shipped = shipped
        self._limits = limits

    def run(self, keys: Sequence[str], *, last: Collection[str] = ()) -> Ingested:
        """Index what ``keys`` name, as it is now; documents that cannot be read are noted.

        Those of ``last`` are tried for the last time: they count as given up until they are
        indexed, since a process that is killed meanwhile notes nothing.

        Raises:
            BucketUnreachable, PublishedMeanwhile, IndexUnusable and whatever else keeps the whole
            from being done: nothing was published, and the same call can be made again.
        """
        for key in keys:
            if key in last:
                self.interrupted(key, last=True)
            else:
                self._note(key, "queued")
        found = _Found()
        for key in keys:
            if key not in last:
                self._note(key, "indexing")
            self._look(key, found)
        published = 0
        if (found.read or found.gone) and self._limits.refusal is None:
            try:
                published = self._publish(found)
            except OtherPrecision:
                return self._refused(keys, found)
        for key in keys:
            if path_of(key) in found.read:
                self._note(key, "indexed")
            elif path_of(key) in found.gone:
                self._note(key, "removed")
        return Ingested(len(found.read), found.failed, published)

    def _refused(self, keys: Sequence[str], found: _Found) -> Ingested:
        """Note that the current index takes no uploads, and why."""
        changed = [key for key in keys if path_of(key) in found.read or path_of(key) in found.gone]
        for key in changed:
            self._note(key, "failed", REDUCED)
        return Ingested(failed=found.failed + len(changed))

    def interrupted(self, key: str, *, last: bool) -> None:
        """Note that ``run`` has raised; ``last`` says that it will not be tried again."""
        self._note(key, "failed" if last else "queued", GAVE_UP if last else WAITS)

    def _look(self, key: str, found: _Found) -> None:
        try:
            document = self._extract(key)
        except ObjectMissing:
            found.gone.add(path_of(key))
            return
        except UnreadableDocument as error:
            logger.warning("document not indexed", extra={"key": key, "reason": error.reason})
            self._note(key, "failed", error.reason)
            found.failed += 1
            return
        groups = groups_of(key, self._limits.groups)
        held = Repeats().without(held_of(document, default_groups=groups))
        # The folder says who may read, whatever the document says of itself; and repeats of other
        # documents are kept, since those may be removed.
        record = replace(held.record, groups=sorted(groups))
        found.read[path_of(key)] = Held(record, held.text, held.chunks)

    def _extract(self, key: str) -> Document:
        limit = self._limits.max_bytes
        if self._limits.refusal is not None:
            self._documents.read(key, most=1)  # Is it there?
            raise UnreadableDocument(Path(key), self._limits.refusal)
        raw = self._documents.read(key, most=limit + 1)
        if len(raw) > limit:
            raise UnreadableDocument(Path(key), f"it has more than {limit / 2**20:.0f} MB")
        name = PurePosixPath(key)
        with tempfile.TemporaryDirectory() as folder:
            # Its own name may be too long or otherwise unfit for a disk; title and format stay.
            file = Path(folder) / f"{name.stem[:100]}{name.suffix[:10]}".replace("\0", "")
            file.write_bytes(raw)
            return load_source(Source(file, path_of(key)), max_bytes=limit)

    def _publish(self, found: _Found) -> int:
        for _ in range(TRIES - 1):
            with suppress(PublishedMeanwhile), tempfile.TemporaryDirectory() as folder:
                return self._publish_over_current(found, Path(folder))
        with tempfile.TemporaryDirectory() as folder:
            return self._publish_over_current(found, Path(folder))

    def _publish_over_current(self, found: _Found, folder: Path) -> int:
        over = self._indexes.current()
        if over is None:
            bundle = folder / "shipped"
            shutil.copytree(self._shipped, bundle)
            verify_files(bundle, read_manifest(bundle))
        else:
            bundle = download(self._indexes, over.pointer, folder)
        kept = (
            held
            for held in held_in(bundle)
            if held.record.path not in found.read and held.record.path not in found.gone
        )
        read = (found.read[path] for path in sorted(found.read))
        outcome = build(
            joined(kept, read),
            bundle,
            self._embedder(),
            engine=LocalEngine(self._limits.workers),
            reuse=True,
            report=lambda stage, done, total: None,
        )
        if outcome.unchanged:
            return 0
        switched = publish(self._indexes, bundle, over=over)
        logger.info(
            "index published",
            extra={
                "version": switched.current.version,
                "documents": outcome.manifest.counts.documents,
                "embedded": outcome.embedded,
                "kept": outcome.kept,
            },
        )
        self._drop_old(switched)
        return 1

    def _drop_old(self, switched: Switched) -> None:
        try:
            dropped = prune(self._indexes, keep=self._limits.versions, before=switched.before)
        except (BucketUnreachable, IndexUnusable) as error:
            # The documents are indexed; the next index drops these too.
            logger.warning("old indexes not deleted", extra={"reason": str(error)})
        else:
            if dropped:
                logger.info("old indexes deleted", extra={"versions": dropped})

    def _note(self, key: str, state: State, reason: str | None = None) -> None:
        groups = groups_of(key, self._limits.groups)
        self._statuses.note(path_of(key), state, groups, reason)
