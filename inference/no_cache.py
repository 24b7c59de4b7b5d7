"""The semantic cache that is not configured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from inference.ports import CachedAnswer, CacheScope, CacheUnavailable, Passage

if TYPE_CHECKING:
    from inference.ports import Vector


class NoCache:
    """Keeps nothing, and lets the receipt say why."""

    threshold = 1.0

    async def lookup(self, question: str, vector: Vector, scope: CacheScope) -> list[CachedAnswer]:
        """Raise ``CacheUnavailable``: there is no cache."""
        raise CacheUnavailable("no cache is configured (QDRANT_URL is empty)")

    async def store(
        self,
        question: str,
        vector: Vector,
        scope: CacheScope,
        *,
        text: str,
        passages: Sequence[Passage],
    ) -> None:
        """Keep nothing."""
