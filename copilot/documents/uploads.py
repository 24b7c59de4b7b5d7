"""Where an uploaded document stands in the index, and who may read it: both by its key alone. Pure.

The first folder of the key is the group of its readers. What a document says of itself does not
count: whoever may write under ``finance/`` must not be able to publish to everybody.
"""

from __future__ import annotations

PREFIX = "uploads/"
"""What the paths of uploaded documents begin with; no other document's does."""


def path_of(key: str) -> str:
    """The path in the index of the object ``key``."""
    return PREFIX + key


def key_of(path: str) -> str:
    """The key of the object whose path in the index is ``path``."""
    return path.removeprefix(PREFIX)


def is_upload(path: str) -> bool:
    """Whether a document of the index was uploaded."""
    return path.startswith(PREFIX)


def groups_of(key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """The groups that may read the object: its first folder, or ``default`` for one in none."""
    folder, found, _ = key.partition("/")
    return (folder,) if found and folder else default
