"""What can go wrong while an index is built or a model exported; every message says what to do."""

from __future__ import annotations

from pathlib import Path


class EmbedError(Exception):
    """The root of this room's errors; the command line prints the message and exits with 1."""


class ModelExportFailed(EmbedError):
    """The model could not be exported, or the export does not agree with its source."""


class MissingPath(EmbedError):
    """A document path given on the command line does not exist."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} does not exist. Give files or folders with documents.")
        self.path = path


class UnreadableDocument(EmbedError):
    """One document could not be read. It is skipped and reported; the others are indexed."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class NothingToIndex(EmbedError):
    """No document could be read."""


class SharedPath(EmbedError):
    """Two documents would carry the same path in the index."""

    def __init__(self, path: str, first: Path, second: Path) -> None:
        super().__init__(
            f"{first} and {second} would both be {path} in the index. Give their common parent "
            "folder instead."
        )
        self.path = path


class NotABundle(EmbedError):
    """The output folder holds something else, which a build would replace."""

    def __init__(self, out: Path) -> None:
        super().__init__(
            f"{out} exists and is not an index (it has no manifest.json). It would be replaced; "
            "give another --out or remove it."
        )
        self.out = out


class BuildLocked(EmbedError):
    """Another build is writing the same bundle."""

    def __init__(self, out: Path) -> None:
        super().__init__(f"Another build is writing {out}. Wait for it, or give another --out.")
        self.out = out
