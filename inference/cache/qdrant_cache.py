"""The semantic cache on Qdrant: the nearest questions inside the scope, above a threshold.

One collection for all scopes; the scope is a hard filter on indexed payload fields, never a part
of the vector. Works on any server, local or cloud, over the REST calls of ``QdrantTransport``.
"""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec.structs import replace

from copilot.sealing.sealer import UNSEALED, KeyUnavailable, Place, Sealer, SealError
from inference.cache.guards.agreement import cited_chunks
from inference.cache.guards.decide import RIVAL_MARGIN
from inference.cache.owners import owner_hash
from inference.cache.qdrant_collection import QdrantCollection
from inference.cache.qdrant_observations import QdrantObservations
from inference.ports import (
    CachedAnswer,
    CacheScope,
    CacheUnavailable,
    Clock,
    Observation,
    Origin,
    Passage,
)
from inference.qdrant.http import QdrantTransport, QdrantUnreachable

if TYPE_CHECKING:
    from inference.ports import Vector

CANDIDATES = 8
"""How many near questions are looked at. Paraphrases crowd; the right one need not be nearest."""
WRITE_TIMEOUT_S = 10.0
"""Writing follows the end of an answer, so nobody waits for it; the first one makes indexes."""
_NAMESPACE = uuid.UUID("7d1f5d1c-3a52-5d0e-9d8e-0b6a3c6f4a11")
_SCOPE_FIELDS = ("tenant", "groups_hash", "corpus_version", "model", "prompt_version")
_INDEXES = {
    **dict.fromkeys((*_SCOPE_FIELDS, "answer_id", "owner"), "keyword"),
    "expires_at": "float",
}

T = TypeVar("T")


class QdrantCache:
    """Implements ``ports.AnswerCache``.

    ``threshold`` is the least cosine of two questions that may share an answer, ``ttl_s`` how long
    an answer is kept, ``dimension`` the length of the vectors, ``lookup_s`` the time that a lookup
    may take; ``sealer`` gives what seals the words of an entry. Observations are kept beside the
    collection, in one whose name ends in ``-observations``.
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
        lookup_s: float,
        sealer: Callable[[], Sealer] = lambda: UNSEALED,
    ) -> None:
        self._collection = collection
        self._sealer = sealer
        self._points = QdrantCollection(
            transport, collection, dimension=dimension, indexes=_INDEXES
        )
        self._observations = QdrantObservations(
            transport, clock, collection=f"{collection}-observations"
        )
        self._clock = clock
        self.threshold = threshold
        self._ttl_s = ttl_s
        self._lookup_s = lookup_s

    async def lookup(self, question: str, vector: Vector, scope: CacheScope) -> list[CachedAnswer]:
        """Return the live answers of ``scope`` down to a little below the threshold, nearest first.

        Raises:
            CacheUnavailable: no usable answer in time; the message says what to look at.
        """
        return await _within(self._lookup_s, lambda: self._lookup(vector, scope))

    async def store(
        self,
        question: str,
        vector: Vector,
        scope: CacheScope,
        *,
        text: str,
        passages: Sequence[Passage],
        origin: Origin,
    ) -> None:
        """Keep an answer; the same question in the same scope replaces the one before.

        Raises:
            CacheUnavailable: it was not kept.
        """
        entry = point_id(question, scope)
        words = {
            "question": question,
            "text": text,
            "passages": msgspec.to_builtins(list(passages)),
        }
        payload = {
            **_fields(scope),
            "chunk_ids": cited_chunks(text, passages),
            "answer_id": origin.answer_id,
            "owner": owner_hash(scope.tenant, origin.user),
            "expires_at": self._clock.time() + self._ttl_s,
        }

        def write() -> None:
            kept = {**payload, **self._sealed(scope.tenant, entry, words)}
            self._points.upsert({"id": entry, "vector": vector.tolist(), "payload": kept})

        await _within(WRITE_TIMEOUT_S, write)

    async def observe(self, observation: Observation) -> None:
        """Keep what a shadow answer showed.

        Raises:
            CacheUnavailable: it was not kept.
        """
        await _within(WRITE_TIMEOUT_S, lambda: self._observations.add(observation))

    async def forget_answer(self, tenant: str, answer_id: str, *, entry: str | None) -> None:
        """Drop what ``answer_id`` stored, and the entry that it was served from.

        Raises:
            CacheUnavailable: it may still be there.
        """
        meant: list[dict[str, Any]] = [{"key": "answer_id", "match": {"value": answer_id}}]
        if entry is not None:
            meant.append({"has_id": [entry]})
        await self._delete({"must": [_equals("tenant", tenant)], "should": meant})

    async def forget_user(self, tenant: str, user: str) -> None:
        """Drop everything that the answers given to ``user`` stored, and what was observed of it:
        the name of an entry is made of its question.

        Raises:
            CacheUnavailable: some of it may still be there.
        """
        owner = owner_hash(tenant, user)
        theirs = {"must": [_equals("tenant", tenant), _equals("owner", owner)]}

        def forget() -> None:
            # The observations first: should this break off, the entries still name them.
            self._observations.forget(
                tenant, [point["id"] for point in self._points.scroll(theirs)]
            )
            self._points.delete({"filter": theirs})

        await _within(WRITE_TIMEOUT_S, forget)

    async def _delete(self, chosen: dict[str, Any]) -> None:
        await _within(WRITE_TIMEOUT_S, lambda: self._points.delete({"filter": chosen}))

    def _lookup(self, vector: Vector, scope: CacheScope) -> list[CachedAnswer]:
        points = self._points.query(
            {
                "query": vector.tolist(),
                "filter": filter_of(scope, self._clock.time()),
                "limit": CANDIDATES,
                "score_threshold": self.threshold - RIVAL_MARGIN,
                "with_payload": True,
            },
            timeout_s=self._lookup_s,
        )
        if not points:
            return []
        opened = [(point, self._words(scope.tenant, point)) for point in points]
        answers = [_answer(point, words) for point, words in opened if words is not None]
        records = self._observations.records(
            scope.tenant, [answer.entry for answer in answers], timeout_s=self._lookup_s
        )
        return [replace(answer, record=records[answer.entry]) for answer in answers]

    def _sealed(self, tenant: str, entry: str, words: dict[str, Any]) -> dict[str, Any]:
        """What is kept of an entry's words: themselves, or one sealed text in base64."""
        text = msgspec.json.encode(words).decode()
        sealed = self._sealer().seal(self._place(tenant, entry), text)
        if isinstance(sealed, str):
            return words
        return {"sealed": base64.b64encode(sealed).decode()}

    def _words(self, tenant: str, point: dict[str, Any]) -> dict[str, Any] | None:
        """An entry's words; ``None`` where they cannot be opened, now or ever."""
        payload: dict[str, Any] = point.get("payload") or {}
        if "sealed" not in payload:
            return payload
        try:
            sealed = base64.b64decode(payload["sealed"])
            text = self._sealer().open(self._place(tenant, point["id"]), sealed)
        except KeyUnavailable:
            raise
        except (SealError, ValueError):
            return None
        words: dict[str, Any] = msgspec.json.decode(text)
        return words

    def _place(self, tenant: str, entry: str) -> Place:
        return Place(tenant, self._collection, entry, "words")


async def _within(seconds: float, call: Callable[[], T]) -> T:
    try:
        return await asyncio.wait_for(asyncio.to_thread(call), seconds)
    except TimeoutError as error:
        message = f"Qdrant did not answer within {seconds * 1000:.0f} ms"
        raise CacheUnavailable(message) from error
    except QdrantUnreachable as error:
        raise CacheUnavailable(f"{error}: check QDRANT_URL") from error
    except KeyUnavailable as error:
        raise CacheUnavailable(error.message) from error


def point_id(question: str, scope: CacheScope) -> str:
    """The identity of a cached answer: a UUIDv5 over scope and question."""
    key = "\0".join([*_fields(scope).values(), " ".join(question.split()).casefold()])
    return str(uuid.uuid5(_NAMESPACE, key))


def filter_of(scope: CacheScope, now: float) -> dict[str, Any]:
    """The hard filters of a lookup: every field of the scope, and not expired at ``now``."""
    matches = [_equals(key, value) for key, value in _fields(scope).items()]
    return {"must": [*matches, {"key": "expires_at", "range": {"gt": now}}]}


def _fields(scope: CacheScope) -> dict[str, str]:
    return {field: getattr(scope, field) for field in _SCOPE_FIELDS}


def _equals(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "match": {"value": value}}


def _answer(point: dict[str, Any], words: dict[str, Any]) -> CachedAnswer:
    try:
        return CachedAnswer(
            question=words["question"],
            text=words["text"],
            passages=msgspec.convert(words["passages"], list[Passage]),
            score=point["score"],
            entry=point["id"],
            owner=(point.get("payload") or {}).get("owner", ""),
        )
    except (KeyError, msgspec.ValidationError) as error:
        raise CacheUnavailable(f"a cached answer cannot be read: {error}") from error
