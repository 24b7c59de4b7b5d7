"""A read-only memory map of a file, empty ones included."""

from __future__ import annotations

import mmap
from pathlib import Path


def map_file(path: Path) -> mmap.mmap | bytes:
    """Map ``path`` for reading; an empty file, which cannot be mapped, gives empty bytes."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            return b""
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
