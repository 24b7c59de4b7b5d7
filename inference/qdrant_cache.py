"""The semantic cache on Qdrant: the nearest questions inside the scope, above a threshold.

One collection for all scopes; the scope is a hard filter on indexed payload fields, never a part
of the vector. Works on any server, local or cloud, over the REST calls of ``QdrantTransport``.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from inference.cache_guards.agreement import cited_chunks
from inference.cache_guards.decide import RIVAL_MARGIN
from inference.ports import CachedAnswer, CacheScope, CacheUnavailable, Clock, Passage
from inference.qdrant_http import QdrantReply, QdrantTransport, QdrantUnreachable

if TYPE_CHECKING:
    from inference.ports import Vector

CANDIDATES = 8
"""How many near questions are looked at. Paraphrases crowd; the right one need not be nearest."""
LOOKUP_TIMEOUT_S = 0.25
STORE_TIMEOUT_S = 10.0
"""Storing follows the end of an answer, so nobody waits for it; the first one makes indexes."""
_CALL_TIMEOUT_S = 3.0
_NAMESPACE = uuid.UUID("7d1f5d1c-3a52-5d0e-9d8e-0b6a3c6f4a11")
_SCOPE_FIELDS = ("tenant", "groups_hash", "corpus_version", "model", "prompt_version")

T = TypeVar("T")


class QdrantCache:
    """Implements ``ports.AnswerCache``.

    ``threshold`` is the least cosine of two questions that may share an answer, ``ttl_s`` how long
    an answer is kept, ``dimension`` the length of the vectors.
    """

    def __init__(
        self,
        transport: QdrantTransport,
        clock: Clock,
        *,
        collection: str,
        dimension: int,
        threshold: float,
        ttl_s: float,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._collection = collection
        self._path = f"/collections/{collection}"
        self._dimension = dimension
        self.threshold = threshold
        self._ttl_s = ttl_s
        self._ready = False

    async def lookup(self, question: str, vector: Vector, scope: CacheScope) -> list[CachedAnswer]:
        """Return the live answers of ``scope`` down to a little below the threshold, nearest first.

        Raises:
            CacheUnavailable: no usable answer within 250 ms; the message says what to look at.
        """
        return await self._within(LOOKUP_TIMEOUT_S, lambda: self._lookup(vector, scope))

    async def store(
        self,
        question: str,
        vector: Vector,
        scope: CacheScope,
        *,
        text: str,
        passages: Sequence[Passage],
    ) -> None:
        """Keep an answer; the same question in the same scope replaces the one before.

        Raises:
            CacheUnavailable: it was not kept.
        """
        point = {
            "id": point_id(question, scope),
            "vector": vector.tolist(),
            "payload": {
                **_fields(scope),
                "question": question,
                "text": text,
                "passages": msgspec.to_builtins(list(passages)),
                "chunk_ids": cited_chunks(text, passages),
                "expires_at": self._clock.time() + self._ttl_s,
            },
        }
        await self._within(STORE_TIMEOUT_S, lambda: self._store(point))

    async def evict(self, question: str, scope: CacheScope) -> None:
        """Forget the answer to ``question`` in ``scope``, if there is one.

        Raises:
            CacheUnavailable: it may still be there.
        """
        await self._within(STORE_TIMEOUT_S, lambda: self._delete([point_id(question, scope)]))

    async def _within(self, seconds: float, call: Callable[[], T]) -> T:
        try:
            return await asyncio.wait_for(asyncio.to_thread(call), seconds)
        except TimeoutError as error:
            message = f"Qdrant did not answer within {seconds * 1000:.0f} ms"
            raise CacheUnavailable(message) from error
        except QdrantUnreachable as error:
            raise CacheUnavailable(f"{error}: check QDRANT_URL") from error

    # --- blocking, on a thread ----------------------------------------------------------------

    def _lookup(self, vector: Vector, scope: CacheScope) -> list[CachedAnswer]:
        reply = self._transport.call(
            "POST",
            f"{self._path}/points/query",
            {
                "query": vector.tolist(),
                "filter": filter_of(scope, self._clock.time()),
                "limit": CANDIDATES,
                "score_threshold": self.threshold - RIVAL_MARGIN,
                "with_payload": True,
            },
            timeout_s=LOOKUP_TIMEOUT_S,
        )
        if reply.status == 404:
            # No collection yet: the first answer that is kept makes it.
            return []
        return [_answer(point) for point in self._checked(reply).get("points", [])]

    def _store(self, point: dict[str, Any]) -> None:
        if not self._ready:
            self._create()
        reply = self._call("PUT", "/points?wait=true", {"points": [point]})
        if reply.status == 404:
            self._create()
            reply = self._call("PUT", "/points?wait=true", {"points": [point]})
        self._checked(reply)

    def _delete(self, ids: list[str]) -> None:
        reply = self._call("POST", "/points/delete?wait=true", {"points": ids})
        if reply.status != 404:
            self._checked(reply)

    def _create(self) -> None:
        """Make the collection and its payload indexes; repeating it is harmless."""
        existing = self._call("GET", "")
        if existing.status == 404:
            vectors = {"size": self._dimension, "distance": "Cosine"}
            made = self._call("PUT", "", {"vectors": vectors})
            # 409: another worker made it at the same moment.
            if made.status != 409:
                self._checked(made)
            for field in _SCOPE_FIELDS:
                self._index(field, "keyword")
            self._index("expires_at", "float")
        else:
            self._check_dimension(self._checked(existing))
        self._ready = True

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> QdrantReply:
        return self._transport.call(method, self._path + path, body, timeout_s=_CALL_TIMEOUT_S)

    def _index(self, field: str, kind: str) -> None:
        schema = {"field_name": field, "field_schema": kind}
        self._checked(self._call("PUT", "/index?wait=true", schema))

    def _check_dimension(self, info: dict[str, Any]) -> None:
        vectors = info.get("config", {}).get("params", {}).get("vectors", {})
        size = vectors.get("size")
        if size != self._dimension:
            raise CacheUnavailable(self._wrong_dimension(f"holds vectors of {size} dimensions"))

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
            f"the Qdrant collection {self._collection} {what}, the embedding model makes "
            f"{self._dimension}: set QDRANT_COLLECTION to a new name, or delete the old collection"
        )


def point_id(question: str, scope: CacheScope) -> str:
    """The identity of a cached answer: a UUIDv5 over scope and question."""
    key = "\0".join([*_fields(scope).values(), " ".join(question.split()).casefold()])
    return str(uuid.uuid5(_NAMESPACE, key))


def filter_of(scope: CacheScope, now: float) -> dict[str, Any]:
    """The hard filters of a lookup: every field of the scope, and not expired at ``now``."""
    matches = [{"key": key, "match": {"value": value}} for key, value in _fields(scope).items()]
    return {"must": [*matches, {"key": "expires_at", "range": {"gt": now}}]}


def _fields(scope: CacheScope) -> dict[str, str]:
    return {field: getattr(scope, field) for field in _SCOPE_FIELDS}


def _answer(point: dict[str, Any]) -> CachedAnswer:
    payload = point.get("payload") or {}
    try:
        return CachedAnswer(
            question=payload["question"],
            text=payload["text"],
            passages=msgspec.convert(payload["passages"], list[Passage]),
            score=point["score"],
        )
    except (KeyError, msgspec.ValidationError) as error:
        raise CacheUnavailable(f"a cached answer cannot be read: {error}") from error
