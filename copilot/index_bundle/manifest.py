"""What an index bundle promises its reader: the manifest and its verification. No vectors."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
from msgspec import Struct

SCHEMA_VERSION = 2
MANIFEST_NAME = "manifest.json"
_IN = "+"


class FileEntry(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """One file of the bundle: its size in bytes and SHA-256 hex digest."""

    bytes: int
    sha256: str


class Chunking(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How documents were cut."""

    strategy: str
    max_chars: int
    overlap_chars: int


class Counts(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How much the bundle holds."""

    documents: int
    chunks: int


class IndexManifest(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The promise. ``corpus_version`` is a hash over all chunks: same chunks, same version.

    ``lexical`` names the scoring and the word analysis of the lexical index; ``faiss_recall`` is
    recall@10 of the FAISS index against exact search on its own vectors (1.0 where it is exact).
    ``model_id`` names the precision too where it is not fp32: ``model@weights+int8``.
    """

    schema: int
    model_id: str
    dimension: int
    corpus_version: str
    created: str
    faiss_kind: str
    faiss_recall: float
    lexical: str
    chunking: Chunking
    counts: Counts
    files: dict[str, FileEntry]


class IndexUnusable(Exception):
    """The bundle cannot serve. The message says what to run."""


class OtherPrecision(IndexUnusable):
    """The vectors of the bundle are of another precision than those that would join them."""


def in_precision(model_id: str, precision: str) -> str:
    """The id of ``model_id``'s model where it computes in ``precision``."""
    return f"{model_id}{_IN}{precision}"


def precision_of(model_id: str) -> str:
    """The precision that a model id names, such as ``int8``."""
    return model_id.partition(_IN)[2] or "fp32"


def read_manifest(bundle: Path) -> IndexManifest:
    """Read and decode ``manifest.json`` of ``bundle``.

    Raises:
        IndexUnusable: missing, malformed or of another schema.
    """
    path = bundle / MANIFEST_NAME
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise IndexUnusable(
            f"No index at {bundle} ({MANIFEST_NAME} is missing). Build one: "
            f"python -m embed build corpus/documents --out {bundle}"
        ) from error
    try:
        manifest = msgspec.json.decode(raw, type=IndexManifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IndexUnusable(
            f"{path} is not a manifest this version reads ({error}). Rebuild the index: "
            f"python -m embed build DOCS... --out {bundle}"
        ) from error
    if manifest.schema != SCHEMA_VERSION:
        raise IndexUnusable(
            f"{path} has schema {manifest.schema}, this version reads {SCHEMA_VERSION}. Rebuild: "
            f"python -m embed build DOCS... --out {bundle}"
        )
    return manifest


def verify_files(
    bundle: Path, manifest: IndexManifest, *, hash_limit_bytes: int | None = None
) -> None:
    """Compare every file of ``bundle`` with the manifest's size and hash.

    Above ``hash_limit_bytes`` only the size is compared: hashing reads 1.8 GB a second, and a cold
    start has no second. ``python -m embed inspect`` hashes everything.

    Raises:
        IndexUnusable: a file is missing, truncated or altered.
    """
    for name, entry in manifest.files.items():
        path = bundle / name
        if not path.is_file():
            raise IndexUnusable(f"{path} is missing. Rebuild the index with: python -m embed build")
        size = path.stat().st_size
        hashed = hash_limit_bytes is None or size <= hash_limit_bytes
        if size != entry.bytes or (hashed and sha256_of(path) != entry.sha256):
            raise IndexUnusable(
                f"{path} differs from what the manifest promises (truncated or altered). "
                "Restore it or rebuild the index with: python -m embed build"
            )


def verify_model(manifest: IndexManifest, *, model_id: str, dimension: int, bundle: Path) -> None:
    """Refuse an index that another embedding model made; in which precision is all the same.

    Raises:
        IndexUnusable: model or dimension differ from the embedder's.
    """
    made_by, asked = (one.partition(_IN)[0] for one in (manifest.model_id, model_id))
    if (made_by, manifest.dimension) != (asked, dimension):
        raise IndexUnusable(
            f"The index at {bundle} was built by {manifest.model_id} ({manifest.dimension} "
            f"dimensions), but the embedder is {model_id} ({dimension}). Rebuild it: "
            f"python -m embed build DOCS... --out {bundle}"
        )


def verify_precision(manifest: IndexManifest, *, model_id: str, bundle: Path) -> None:
    """Refuse to add to an index vectors of another precision than its own.

    Raises:
        OtherPrecision: it differs from the embedder's.
    """
    own, other = precision_of(manifest.model_id), precision_of(model_id)
    if own != other:
        raise OtherPrecision(
            f"The vectors of the index at {bundle} are {own}, the embedder's {other}; one index "
            f"holds one precision. Update it with --precision {own}, or build it again: "
            f"python -m embed build DOCS... --precision {other} --out {bundle}"
        )


def verify_lexical(manifest: IndexManifest, *, lexical: str, bundle: Path) -> None:
    """Refuse an index whose words were cut in another way than questions are.

    Raises:
        IndexUnusable: the analyses differ.
    """
    if manifest.lexical != lexical:
        raise IndexUnusable(
            f"The lexical index at {bundle} was made with {manifest.lexical}, this version reads "
            f"{lexical}. Rebuild it: python -m embed build DOCS... --out {bundle}"
        )


def sha256_of(path: Path) -> str:
    """SHA-256 hex digest of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
