"""Replace a folder as a whole: readers see the old bundle or the new one, never a mixture."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from copilot.index_bundle.manifest import MANIFEST_NAME
from embed.errors import BuildLocked, NotABundle

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Give an empty folder beside ``out`` that takes its place when the block ends well.

    If the block raises, or the process dies, ``out`` stays as it was.

    Raises:
        NotABundle: ``out`` holds something that is not an index.
        BuildLocked: another process is at it.
    """
    out = out.resolve()
    if out.exists() and not (out / MANIFEST_NAME).is_file() and _holds_anything(out):
        raise NotABundle(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    stage = out.parent / f".{out.name}.building"
    stage.mkdir(exist_ok=True)
    # The lock dies with its process, so a killed build leaves nothing to clean up by hand.
    descriptor = os.open(stage, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BuildLocked(out) from error
        fresh = stage / "bundle"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        try:
            yield fresh
            _replace(fresh, out)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    finally:
        os.close(descriptor)


def _holds_anything(path: Path) -> bool:
    return not path.is_dir() or any(path.iterdir())


def _replace(fresh: Path, out: Path) -> None:
    if not out.exists():
        fresh.rename(out)
    elif not _exchange(fresh, out):
        old = fresh.with_name("old")
        out.rename(old)
        fresh.rename(out)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step where the system can; ``False`` where it cannot."""
    library = ctypes.CDLL(None)
    a, b = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        return bool(library.renamex_np(a, b, _RENAME_SWAP) == 0)
    if hasattr(library, "renameat2"):
        return bool(library.renameat2(_AT_FDCWD, a, _AT_FDCWD, b, _RENAME_EXCHANGE) == 0)
    return False
