"""Documents that were uploaded stay in the index when another index is published."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from copilot.documents.uploads import PREFIX, is_upload
from copilot.index_bundle.bucket import Current, IndexBucket
from copilot.index_bundle.download import download
from copilot.index_bundle.manifest import read_manifest, verify_files
from copilot.index_bundle.texts import FILES, IndexTexts
from embed.build import build
from embed.engine import LocalEngine
from embed.errors import EmbedError
from embed.holdings import held_in, joined
from inference.ports import Embedder


class ReservedPaths(EmbedError):
    """The index holds documents under the paths of uploaded ones."""


def with_uploads(
    bundle: Path,
    bucket: IndexBucket,
    over: Current | None,
    embedder: Callable[[], Embedder],
    folder: Path,
    *,
    workers: int,
    report: Callable[[str, int, int], None],
) -> Path:
    """The bundle to publish: ``bundle``, or one made in ``folder`` of its documents and of those
    that were uploaded into the index that is current.

    Raises:
        ReservedPaths: ``bundle`` holds documents under ``uploads/``.
        IndexUnusable: one of the two is damaged.
        BucketUnreachable: the current one cannot be read.
    """
    verify_files(bundle, read_manifest(bundle))
    if any(is_upload(document.path) for document in IndexTexts(bundle).documents):
        raise ReservedPaths(
            f"{bundle} has documents whose paths begin with {PREFIX}, as those of uploaded ones "
            "do. Rename their folder and build the index again."
        )
    if over is None:
        return bundle
    current = download(bucket, over.pointer, folder / "current", FILES)
    if not any(is_upload(document.path) for document in IndexTexts(current).documents):
        return bundle
    uploaded = (held for held in held_in(current) if is_upload(held.record.path))
    whole = folder / "joined"
    shutil.copytree(bundle, whole)
    build(
        joined(held_in(bundle), uploaded),
        whole,
        embedder(),
        engine=LocalEngine(workers),
        reuse=True,
        report=report,
    )
    return whole
