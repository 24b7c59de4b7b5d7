"""What shadow answers showed, kept in a Qdrant collection of its own: numbers, never words.

Every observation is a point, so two workers that observe one entry at the same moment lose
nothing, and what was seen wrong stays known when the entry's answer is replaced.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from inference.cache.qdrant_collection import QdrantCollection
from inference.ports import Clock, Observation, TrackRecord
from inference.qdrant.http import QdrantTransport

TALLY_S = 60.0
"""How long a tenant's counts are believed. Older counts make an older bound, which holds too."""
_INDEXES = dict.fromkeys(("entry", "tenant", "verdict", "standing"), "keyword")
_NAMESPACE = uuid.UUID("c1f6a1de-52c3-5a0e-b3b7-3c0b8f0d5a27")


class QdrantObservations:
    """Reads and writes observations; every method blocks and raises as ``QdrantCollection``."""

    def __init__(self, transport: QdrantTransport, clock: Clock, *, collection: str) -> None:
        self._points = QdrantCollection(transport, collection, dimension=1, indexes=_INDEXES)
        self._clock = clock
        self._tallies: dict[str, tuple[float, int, int]] = {}

    def add(self, observation: Observation) -> None:
        """Keep an observation; the same answer's twice is one."""
        key = f"{observation.entry}\0{observation.answer_id}"
        payload = {
            "entry": observation.entry,
            "tenant": observation.tenant,
            "similarity": observation.similarity,
            "verdict": "right" if observation.right else "wrong",
            "standing": "clean" if observation.clean else "seen wrong",
            "at": self._clock.time(),
        }
        point = {"id": str(uuid.uuid5(_NAMESPACE, key)), "vector": [1.0], "payload": payload}
        self._points.upsert(point)
        self._tallies.pop(observation.tenant, None)

    def forget(self, tenant: str, entries: Sequence[str]) -> None:
        """Drop what was observed of ``entries``, which belong to ``tenant``."""
        if entries:
            chosen = {"must": [{"key": "entry", "match": {"any": list(entries)}}]}
            self._points.delete({"filter": chosen})
            self._tallies.pop(tenant, None)

    def records(
        self, tenant: str, entries: Sequence[str], *, timeout_s: float
    ) -> dict[str, TrackRecord]:
        """The track record of each of ``entries``, which belong to ``tenant``."""
        seen, wrong = self._tally(tenant, timeout_s)
        found: dict[str, list[dict[str, Any]]] = {entry: [] for entry in entries}
        chosen = {"must": [{"key": "entry", "match": {"any": list(entries)}}]}
        for point in self._points.scroll(chosen, timeout_s=timeout_s):
            payload = point["payload"]
            found[payload["entry"]].append(payload)
        return {
            entry: TrackRecord(
                seen=len(own),
                wrong_up_to=max(
                    (o["similarity"] for o in own if o["verdict"] == "wrong"), default=None
                ),
                tenant_seen=seen,
                tenant_wrong=wrong,
            )
            for entry, own in found.items()
        }

    def _tally(self, tenant: str, timeout_s: float) -> tuple[int, int]:
        now = self._clock.monotonic()
        at, seen, wrong = self._tallies.get(tenant, (-TALLY_S, 0, 0))
        if now - at >= TALLY_S:
            clean = [
                {"key": "tenant", "match": {"value": tenant}},
                {"key": "standing", "match": {"value": "clean"}},
            ]
            is_wrong = {"key": "verdict", "match": {"value": "wrong"}}
            seen = self._points.count({"must": clean}, timeout_s=timeout_s)
            # After the others: one that is added in between makes the share of wrong ones higher.
            wrong = self._points.count({"must": [*clean, is_wrong]}, timeout_s=timeout_s)
            seen = max(seen, wrong)
            self._tallies[tenant] = (now, seen, wrong)
        return seen, wrong
