"""Uploaded documents that the index does not hold: not yet, not any more, or not at all. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath

from copilot.documents.status import DocumentStatus
from copilot.documents.uploads import key_of
from http_api.models.documents import DocumentSummary

NOT_IN_CURRENT = "It is indexed, but not in the current index."


def title_of(path: str) -> str:
    """What a document is called that nobody has read: its key."""
    return key_of(path)


def waiting_summary(status: DocumentStatus) -> DocumentSummary:
    """How a document is listed that the index does not hold.

    One that is said to be indexed is in an index that this process has not noticed yet, or that
    is not the current one any more.
    """
    absent = status.state == "indexed"
    return DocumentSummary(
        document=status.path,
        title=title_of(status.path),
        url=None,
        format=PurePosixPath(status.path).suffix.lstrip(".").lower(),
        date=None,
        groups=status.groups,
        pages=None,
        characters=0,
        sections=0,
        chunks=0,
        status="indexing" if absent else status.state,
        status_at=status.changed_at,
        reason=NOT_IN_CURRENT if absent else status.reason,
    )
