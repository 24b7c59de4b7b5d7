"""One Qdrant collection over REST: made when first written to, its refusals in words that help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from inference.ports import CacheUnavailable
from inference.qdrant.http import QdrantReply, QdrantTransport

CALL_TIMEOUT_S = 3.0
_PAGE = 1000


class QdrantCollection:
    """Points of one collection; every method blocks.

    ``dimension`` is the length of its vectors, ``indexes`` the payload fields that are filtered by
    and Qdrant's name for the kind of each. Every method raises ``CacheUnavailable`` where Qdrant
    refuses, and lets ``QdrantUnreachable`` pass.
    """

    def __init__(
        self, transport: QdrantTransport, name: str, *, dimension: int, indexes: Mapping[str, str]
    ) -> None:
        self._transport = transport
        self._name = name
        self._path = f"/collections/{name}"
        self._dimension = dimension
        self._indexes = indexes
        self._ready = False

    def query(self, body: dict[str, Any], *, timeout_s: float) -> list[dict[str, Any]]:
        """The nearest points; none before there is a collection."""
        reply = self._call("POST", "/points/query", body, timeout_s=timeout_s)
        points: list[dict[str, Any]] = self._result_of(reply).get("points", [])
        return points

    def scroll(
        self, chosen: dict[str, Any], *, timeout_s: float = CALL_TIMEOUT_S
    ) -> Iterator[dict[str, Any]]:
        """Every point that the filter chooses, with its payload."""
        offset = None
        while True:
            body = {"filter": chosen, "limit": _PAGE, "with_payload": True, "offset": offset}
            reply = self._call("POST", "/points/scroll", body, timeout_s=timeout_s)
            result = self._result_of(reply)
            yield from result.get("points", [])
            offset = result.get("next_page_offset")
            if offset is None:
                return

    def count(self, chosen: dict[str, Any], *, timeout_s: float = CALL_TIMEOUT_S) -> int:
        """How many points the filter chooses."""
        body = {"filter": chosen, "exact": True}
        reply = self._call("POST", "/points/count", body, timeout_s=timeout_s)
        return int(self._result_of(reply).get("count", 0))

    def upsert(self, point: dict[str, Any]) -> None:
        """Write one point, and be sure that it is written."""
        if not self._ready:
            self._create()
        reply = self._call("PUT", "/points?wait=true", {"points": [point]})
        if reply.status == 404:
            self._create()
            reply = self._call("PUT", "/points?wait=true", {"points": [point]})
        self._checked(reply)

    def delete(self, selector: dict[str, Any]) -> None:
        """Delete points by ``points`` (ids) or ``filter``; none there is fine."""
        self._result_of(self._call("POST", "/points/delete?wait=true", selector))

    def _create(self) -> None:
        """Make the collection and its payload indexes; repeating it is harmless."""
        existing = self._call("GET", "")
        if existing.status == 404:
            vectors = {"size": self._dimension, "distance": "Cosine"}
            made = self._call("PUT", "", {"vectors": vectors})
            # 409: another worker made it at the same moment.
            if made.status != 409:
                self._checked(made)
        else:
            self._check_dimension(self._checked(existing))
        for field, kind in self._indexes.items():
            schema = {"field_name": field, "field_schema": kind}
            self._checked(self._call("PUT", "/index?wait=true", schema))
        self._ready = True

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> QdrantReply:
        return self._transport.call(method, self._path + path, body, timeout_s=timeout_s)

    def _check_dimension(self, info: dict[str, Any]) -> None:
        vectors = info.get("config", {}).get("params", {}).get("vectors", {})
        size = vectors.get("size")
        if size != self._dimension:
            raise CacheUnavailable(self._wrong_dimension(f"holds vectors of {size} dimensions"))

    def _result_of(self, reply: QdrantReply) -> dict[str, Any]:
        """The result; an empty one where there is no collection yet."""
        return {} if reply.status == 404 else self._checked(reply)

    def _checked(self, reply: QdrantReply) -> dict[str, Any]:
        """The result of a call that succeeded.

        Raises:
            CacheUnavailable: it did not; the message says what to do where that is known.
        """
        if reply.status == 200:
            result = reply.body.get("result")
            return result if isinstance(result, dict) else {}
        if reply.status in (401, 403):
            raise CacheUnavailable("Qdrant refuses the key: check QDRANT_API_KEY")
        if "dimension" in reply.error.lower():
            raise CacheUnavailable(self._wrong_dimension(f"does not fit: {reply.error}"))
        raise CacheUnavailable(f"Qdrant answered {reply.status}: {reply.error or 'no reason'}")

    def _wrong_dimension(self, what: str) -> str:
        return (
            f"the Qdrant collection {self._name} {what}, the embedding model makes "
            f"{self._dimension}: set QDRANT_COLLECTION to a new name, or delete the old collection"
        )
