"""Random stores and lookups over many scopes: no answer may leave its own.

The fast store is a transport that evaluates the product's own filters, so the whole of
``QdrantCache`` runs above it; the same operations run against the local Qdrant engine.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from inference.cache.qdrant_cache import QdrantCache
from inference.ports import CacheScope, Origin, Passage
from inference.qdrant.http import QdrantHttp, QdrantReply, QdrantTransport

DIMENSION = 8
_QUESTIONS = 12
_HOUR = 3600.0


class FilteringStore:
    """Points in a list; answers the calls of ``QdrantCache`` in this process."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._ids: list[str] = []
        self._vectors = np.empty((0, DIMENSION), dtype=np.float32)
        self._payloads: list[dict[str, Any]] = []

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, timeout_s: float
    ) -> QdrantReply:
        """One REST call."""
        action = path.split("?")[0].split("/")[3:]
        match method, action:
            case "PUT", ["points"]:
                for point in (body or {})["points"]:
                    self._put(point)
            case "POST", ["points", "query"]:
                return QdrantReply(200, {"result": {"points": self._query(body or {})}})
            case "GET", []:
                vectors = {"size": DIMENSION}
                return QdrantReply(200, {"result": {"config": {"params": {"vectors": vectors}}}})
        return QdrantReply(200, {"result": {}})

    def _put(self, point: dict[str, Any]) -> None:
        row = self._rows.setdefault(point["id"], len(self._payloads))
        if row == len(self._payloads):
            self._ids.append(point["id"])
            self._payloads.append({})
            self._vectors = np.vstack([self._vectors, np.zeros((1, DIMENSION), np.float32)])
        self._payloads[row] = point["payload"]
        self._vectors[row] = point["vector"]

    def _query(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        scores = self._vectors @ np.asarray(body["query"], dtype=np.float32)
        found: list[dict[str, Any]] = []
        for row in np.argsort(-scores):
            if scores[row] < body["score_threshold"] or len(found) == body["limit"]:
                break
            payload = self._payloads[row]
            if all(_holds(condition, payload) for condition in body["filter"]["must"]):
                found.append(
                    {"id": self._ids[row], "score": float(scores[row]), "payload": payload}
                )
        return found


def _holds(condition: dict[str, Any], payload: dict[str, Any]) -> bool:
    value = payload.get(condition["key"])
    if "match" in condition:
        return bool(value == condition["match"]["value"])
    return value is not None and value > condition["range"]["gt"]


class _SteppedClock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def count_leaks(transport: QdrantTransport, operations: int, seed: int) -> dict[str, int]:
    """Run ``operations`` random stores and lookups; count answers of a foreign scope."""
    return asyncio.run(_count(transport, operations, random.Random(seed)))


async def _count(
    transport: QdrantTransport, operations: int, chance: random.Random
) -> dict[str, int]:
    clock = _SteppedClock()
    cache = QdrantCache(
        transport,
        clock,
        collection=f"isolation-{chance.getrandbits(32):08x}",
        dimension=DIMENSION,
        threshold=0.75,
        ttl_s=_HOUR,
        lookup_s=60.0,
    )
    vectors = _near_vectors()
    counted = {"stores": 0, "lookups": 0, "answers": 0, "foreign": 0, "expired": 0}
    for _ in range(operations):
        scope, question = _any_scope(chance), chance.randrange(_QUESTIONS)
        clock.now += chance.random() * 4
        if chance.random() < 0.4:
            text = f"{clock.now} {'|'.join(_values(scope))} [1]"
            await cache.store(
                f"q{question}", vectors[question], scope, text=text, passages=[_ONE], origin=_ORIGIN
            )
            counted["stores"] += 1
            continue
        counted["lookups"] += 1
        for answer in await cache.lookup(f"q{question}", vectors[question], scope):
            kept, owner, _ = answer.text.split(" ")
            counted["answers"] += 1
            counted["foreign"] += owner != "|".join(_values(scope))
            counted["expired"] += float(kept) + _HOUR <= clock.now
    return counted


_ORIGIN = Origin(answer_id="a", user="u")
_ONE = Passage(chunk_id="c", document="d", title="t", text="x", start=0, end=1, score=1.0)


def _any_scope(chance: random.Random) -> CacheScope:
    return CacheScope(
        tenant=chance.choice("ab"),
        groups_hash=chance.choice("xyz"),
        corpus_version=chance.choice("12"),
        model=chance.choice("mn"),
        prompt_version=chance.choice("pq"),
    )


def _values(scope: CacheScope) -> list[str]:
    return [getattr(scope, field) for field in scope.__struct_fields__]


def _near_vectors() -> np.ndarray[Any, np.dtype[np.float32]]:
    """Questions so near each other that only the filters keep answers apart."""
    vectors = np.ones((_QUESTIONS, DIMENSION), dtype=np.float32)
    vectors += np.random.default_rng(5).normal(0, 0.05, vectors.shape).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


@contextmanager
def local_engine() -> Iterator[QdrantTransport]:
    """The local Qdrant process of ``make run``, on a free port and an empty directory."""
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "local.qdrant", "--port", "0", "--path", directory]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        http = QdrantHttp(process.stdout.readline().strip())
        try:
            yield http
        finally:
            http.close()
            process.terminate()
            process.wait(10)
            process.stdout.close()
