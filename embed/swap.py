"""Replace a folder as a whole: readers see the old bundle or the new one, never a mixture."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from copilot.index_bundle.manifest import MANIFEST_NAME
from embed.errors import BuildLocked, NotABundle

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2


@dataclass(frozen=True)
class Stage:
    """Two empty folders on the disk of the bundle: the new one, and one for what is not kept."""

    bundle: Path
    scratch: Path


@contextmanager
def staged(out: Path) -> Iterator[Stage]:
    """Give a folder beside ``out`` that takes its place when the block ends well, if it is a whole
    bundle by then: if it has its manifest, which is written last.

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
        folders = Stage(stage / "bundle", stage / "scratch")
        for folder in (folders.bundle, folders.scratch):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        try:
            yield folders
            if (folders.bundle / MANIFEST_NAME).is_file():
                _replace(folders.bundle, out)
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
