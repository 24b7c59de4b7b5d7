"""The vectors of a bundle in Qdrant: one collection of chunks, one of windows, per corpus version.

A point's id is the number of its chunk or window in the bundle, so that the bundle's lexical index
and texts go with it. A collection's name holds the corpus version and the embedding model: vectors
and bundle cannot be of different builds, and a new version is uploaded beside the one in use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.index_bundle.manifest import IndexManifest, IndexUnusable
from copilot.index_bundle.texts import DocumentRecord
from inference.ports import RetrieverUnavailable
from inference.qdrant.http import QdrantReply, QdrantTransport, QdrantUnreachable
from inference.retrieval.dense_index import LIST_LENGTH, WINDOW_STARTS, Reader

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

GROUPS = "groups"
FACTS = "facts"
QUERY_TIMEOUT_S = 2.0
OPEN_TIMEOUT_S = 5.0


def collection_names(prefix: str, manifest: IndexManifest) -> tuple[str, str]:
    """The collections of a bundle's chunks and windows."""
    model = hashlib.sha256(manifest.model_id.encode()).hexdigest()[:8]
    name = f"{prefix}-{manifest.corpus_version}-{model}"
    return name, f"{name}-windows"


def payload_of(document: DocumentRecord) -> dict[str, list[str]]:
    """What is filtered by: who may see a chunk of ``document``, and its facts as ``name=value``."""
    facts = [f"document={document.path}"]
    for name, value in document.metadata.items():
        held = value if isinstance(value, list) else [value]
        # A document is known by its path alone, whatever its front matter says.
        facts += [f"{name}={one}" for one in held if isinstance(one, str) and name != "document"]
    return {GROUPS: list(document.groups), FACTS: facts}


class QdrantVectors:
    """Implements ``dense_index.Dense``. Blocking; safe on several threads."""

    def __init__(
        self, transport: QdrantTransport, prefix: str, manifest: IndexManifest, bundle: Path
    ) -> None:
        """Find the collections of ``bundle``.

        Raises:
            IndexUnusable: they are missing, unfinished or out of reach; says what to run.
        """
        import numpy as np

        self._transport = transport
        self._starts = np.load(bundle / WINDOW_STARTS, mmap_mode="r", allow_pickle=False)
        self._chunks, self._windows = collection_names(prefix, manifest)
        expected = {self._chunks: manifest.counts.chunks, self._windows: int(self._starts[-1])}
        for name, count in expected.items():
            self._verify(name, count, bundle)

    def nearest(self, vector: Vector, mask: Mask | None, reader: Reader | None = None) -> Numbers:
        """See ``Dense.nearest``. Qdrant filters by the reader; the mask is a second fence."""
        import numpy as np

        if mask is not None and not mask.any():
            return np.empty(0, dtype=np.int64)
        body = {"query": vector.tolist(), "limit": LIST_LENGTH}
        if reader is not None:
            body["filter"] = {"must": _conditions(reader)}
        points = self._query(self._chunks, body)
        found = np.unique(np.array([point["id"] for point in points], dtype=np.int64))
        return found if mask is None else found[mask[found]]

    def cosines(self, chunks: Numbers, vector: Vector) -> tuple[Vector, Vector]:
        """See ``Dense.cosines``. Exact: Qdrant scores the points that are named, and no others."""
        import numpy as np

        if chunks.size == 0:
            return np.empty(0, dtype=np.float32), np.empty(0, dtype=np.float32)
        whole = self._scores(self._chunks, chunks, vector)
        first, last = self._starts[chunks], self._starts[chunks + 1]
        counts = last - first
        if not counts.any():
            return whole, whole
        places = np.cumsum(counts) - counts
        numbers = np.arange(int(counts.sum())) + np.repeat(first - places, counts)
        held = counts > 0
        focus = whole.copy()
        windows = self._scores(self._windows, numbers, vector)
        focus[held] = np.maximum(whole[held], np.maximum.reduceat(windows, places[held]))
        return whole, focus

    def _scores(self, name: str, numbers: Numbers, vector: Vector) -> Vector:
        """The cosine of each of ``numbers``, in their order."""
        import numpy as np

        body = {
            "query": vector.tolist(),
            "filter": {"must": [{"has_id": numbers.tolist()}]},
            "limit": len(numbers),
            "params": {"exact": True},
        }
        scores = {int(point["id"]): point["score"] for point in self._query(name, body)}
        missing = [number for number in numbers.tolist() if number not in scores]
        if missing:
            raise RetrieverUnavailable(f"Qdrant's {name} has lost point {missing[0]}")
        return np.array([scores[number] for number in numbers.tolist()], dtype=np.float32)

    def _query(self, name: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        path = f"/collections/{name}/points/query"
        try:
            reply = self._transport.call("POST", path, body, timeout_s=QUERY_TIMEOUT_S)
        except QdrantUnreachable as error:
            raise RetrieverUnavailable(str(error)) from error
        if reply.status != 200:
            raise RetrieverUnavailable(f"Qdrant answered {reply.status}: {reply.error}")
        points: list[dict[str, Any]] = reply.body["result"]["points"]
        return points

    def _verify(self, name: str, count: int, bundle: Path) -> None:
        try:
            reply = self._transport.call(
                "POST",
                f"/collections/{name}/points/count",
                {"exact": True},
                timeout_s=OPEN_TIMEOUT_S,
            )
        except QdrantUnreachable as error:
            raise IndexUnusable(f"{error}; RETRIEVER=qdrant needs it (QDRANT_URL).") from error
        found = _count(reply)
        if found != count:
            held = "has no" if found is None else f"has {found} of {count} points of"
            raise IndexUnusable(
                f"Qdrant {held} collection {name}. Upload the vectors: "
                f"python -m embed publish-qdrant {bundle} --url QDRANT_URL"
            )


def _conditions(reader: Reader) -> list[dict[str, Any]]:
    facts: Mapping[str, str] = reader.filters or {}
    return [
        {"key": GROUPS, "match": {"any": sorted(reader.groups)}},
        *({"key": FACTS, "match": {"value": f"{name}={value}"}} for name, value in facts.items()),
    ]


def _count(reply: QdrantReply) -> int | None:
    if reply.status == 404:
        return None
    if reply.status != 200:
        raise IndexUnusable(f"Qdrant answered {reply.status}: {reply.error or 'no reason'}")
    return int(reply.body["result"]["count"])
