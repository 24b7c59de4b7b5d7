"""Which bundle documents are shown from: the current one of the bucket, or the artifact's own."""

from __future__ import annotations

from pathlib import Path

from copilot.index_bundle.published import PublishedIndex


class CurrentBundle:
    """Follows a published index, one request at a time."""

    def __init__(self, published: PublishedIndex) -> None:
        self._published = published
        self._bundle: Path | None = None

    def __call__(self) -> Path:
        """The bundle for this request. What it replaces is deleted: no other request reads it."""
        if self._bundle is None:
            self._bundle = self._published.first()
        elif self._published.is_due and self._published.has_moved():
            newest = self._published.fetch()
            if newest is not None and newest != self._bundle:
                self._published.discard(self._bundle)
                self._bundle = newest
        return self._bundle
