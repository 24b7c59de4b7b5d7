"""Upload the vectors of a bundle to Qdrant, where RETRIEVER=qdrant asks for them.

The collections are named after the corpus version and the model, so that an upload never touches
those in use. It may be repeated: points are written under their own numbers, and a collection that
is complete is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from copilot.index_bundle.manifest import read_manifest, verify_files
from embed.errors import EmbedError
from inference.qdrant.http import QdrantReply, QdrantTransport, QdrantUnreachable
from inference.retrieval.chunk_store import ChunkStore
from inference.retrieval.dense_index import VECTORS, WINDOWS, open_vectors
from inference.retrieval.qdrant_vectors import FACTS, GROUPS, collection_names, payload_of

BATCH = 256
TIMEOUT_S = 60.0

Report = Callable[[str, int, int], None]


class UploadFailed(EmbedError):
    """Qdrant did not take the vectors; what was uploaded stays, and the command may be repeated."""


@dataclass(frozen=True)
class Uploaded:
    """What is in Qdrant now."""

    collection: str
    chunks: int
    windows: int
    unchanged: bool


def upload(
    bundle: Path,
    transport: QdrantTransport,
    prefix: str,
    *,
    report: Report = lambda stage, done, total: None,
) -> Uploaded:
    """Bring the vectors of ``bundle`` into the collections that ``prefix`` and its version name.

    Raises:
        copilot.index_bundle.manifest.IndexUnusable: the bundle is missing or damaged.
        UploadFailed: Qdrant is out of reach, refuses, or holds another number of points in the end.
    """
    manifest = read_manifest(bundle)
    verify_files(bundle, manifest)
    store = ChunkStore(bundle)
    chunks, windows = open_vectors(bundle / VECTORS), open_vectors(bundle / WINDOWS)
    names = collection_names(prefix, manifest)
    payloads = [payload_of(document) for document in store.documents]
    ends = [
        _Collection(
            transport,
            names[0],
            chunks,
            lambda number: dict(payloads[store.chunk(number).document]),
        ),
        _Collection(transport, names[1], windows, lambda number: {}),
    ]
    total = sum(end.expected for end in ends)
    missing = [end for end in ends if end.count() != end.expected]
    done = total - sum(end.expected for end in missing)
    report("Uploading", done, total)
    for end in missing:
        end.create(indexed=(GROUPS, FACTS) if end is ends[0] else ())
        for written in end.write():
            done += written
            report("Uploading", done, total)
        if end.count() != end.expected:
            raise UploadFailed(f"{end.name} holds {end.count()} of {end.expected} points.")
    return Uploaded(names[0], ends[0].expected, ends[1].expected, unchanged=not missing)


class _Collection:
    """One collection and the vectors that belong into it."""

    def __init__(
        self,
        transport: QdrantTransport,
        name: str,
        vectors: Any,
        payload: Callable[[int], dict[str, Any]],
    ) -> None:
        self.name = name
        self.expected = int(vectors.ntotal)
        self._transport = transport
        self._vectors = vectors
        self._payload = payload

    def count(self) -> int | None:
        """How many points there are; ``None`` without a collection."""
        reply = self._call("POST", "/points/count", {"exact": True}, missing=True)
        return None if reply.status == 404 else int(reply.body["result"]["count"])

    def create(self, *, indexed: tuple[str, ...]) -> None:
        """Make the collection where there is none, and an index of each payload field."""
        if self.count() is None:
            # Unit vectors: their products are their cosines.
            vectors = {"size": int(self._vectors.d), "distance": "Dot"}
            self._call("PUT", "", {"vectors": vectors})
        for field in indexed:
            schema = {"field_name": field, "field_schema": "keyword"}
            self._call("PUT", "/index?wait=true", schema)

    def write(self) -> Iterator[int]:
        """Write every point, batch by batch; yields how many each time."""
        for start in range(0, self.expected, BATCH):
            numbers = range(start, min(start + BATCH, self.expected))
            held = self._vectors.reconstruct_n(start, len(numbers))
            points = [
                {"id": number, "vector": vector.tolist(), "payload": self._payload(number)}
                for number, vector in zip(numbers, held, strict=True)
            ]
            self._call("PUT", "/points?wait=true", {"points": points})
            yield len(numbers)

    def _call(
        self, method: str, path: str, body: dict[str, Any], *, missing: bool = False
    ) -> QdrantReply:
        address = f"/collections/{self.name}{path}"
        try:
            reply = self._transport.call(method, address, body, timeout_s=TIMEOUT_S)
        except QdrantUnreachable as error:
            raise UploadFailed(str(error)) from error
        if reply.status == 200 or (missing and reply.status == 404):
            return reply
        if reply.status in (401, 403):
            raise UploadFailed("Qdrant refuses the key: set QDRANT_API_KEY.")
        raise UploadFailed(f"Qdrant answered {reply.status}: {reply.error or 'no reason'}")
