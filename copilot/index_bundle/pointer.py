"""Which published index is current: the pointer object, and the names of what it points to. Pure.

A version is named after what it holds: the corpus version, and the hash of the manifest, which
names the hash of every other file. So the objects of a version never change.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

import msgspec
from msgspec import Struct

from copilot.index_bundle.manifest import MANIFEST_NAME, IndexManifest, IndexUnusable

PREFIX = "indexes/"
POINTER_KEY = f"{PREFIX}current.json"

_VERSION = re.compile(r"[0-9a-f]{8,64}-[0-9a-f]{12}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class IndexPointer(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The current version. ``published_at`` is in milliseconds since 1970."""

    version: str
    manifest_sha256: str
    published_at: int


def decode_pointer(raw: bytes) -> IndexPointer:
    """Decode ``indexes/current.json``.

    Raises:
        IndexUnusable: it is damaged.
    """
    try:
        pointer = msgspec.json.decode(raw, type=IndexPointer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _damaged(str(error)) from error
    if not is_version(pointer.version) or not _SHA256.fullmatch(pointer.manifest_sha256):
        raise _damaged("it names no version")
    if not pointer.version.endswith(f"-{pointer.manifest_sha256[:12]}"):
        raise _damaged("version and hash do not belong together")
    return pointer


def encode_pointer(pointer: IndexPointer) -> bytes:
    """The content of ``indexes/current.json``."""
    return msgspec.json.format(msgspec.json.encode(pointer), indent=1) + b"\n"


def pointer_to(manifest: IndexManifest, raw: bytes, published_at: int) -> IndexPointer:
    """The pointer to the bundle whose ``manifest.json`` is ``raw``.

    Raises:
        IndexUnusable: its corpus version is not one.
    """
    digest = hashlib.sha256(raw).hexdigest()
    version = f"{manifest.corpus_version}-{digest[:12]}"
    if not is_version(version):
        raise IndexUnusable(
            f"The manifest has the corpus version {manifest.corpus_version!r}, which is none. "
            "Rebuild the index: python -m embed build DOCS..."
        )
    return IndexPointer(version=version, manifest_sha256=digest, published_at=published_at)


def is_version(text: str) -> bool:
    """Whether ``text`` has the form of a version; one that has is safe in keys and paths."""
    return _VERSION.fullmatch(text) is not None


def key_of(version: str, name: str) -> str:
    """The key of a version's file.

    Raises:
        IndexUnusable: ``name`` leads out of the version.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or str(path) != name or "\0" in name:
        raise IndexUnusable(f"The manifest names the file {name!r}, which no index has.")
    return f"{PREFIX}{version}/{name}"


def manifest_key(version: str) -> str:
    """The key of a version's manifest, which is uploaded last: without it there is no version."""
    return f"{PREFIX}{version}/{MANIFEST_NAME}"


def _damaged(why: str) -> IndexUnusable:
    return IndexUnusable(
        f"{POINTER_KEY} is damaged ({why}). Point it to a version again: "
        "make index-versions, then make index-rollback VERSION=..."
    )
