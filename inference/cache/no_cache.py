"""The semantic cache that is not configured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from inference.ports import (
    CacheAbsent,
    CachedAnswer,
    CacheScope,
    Observation,
    Origin,
    Passage,
)

if TYPE_CHECKING:
    from inference.ports import Vector


class NoCache:
    """Keeps nothing, and lets the receipt say why."""

    threshold = 1.0

    async def lookup(self, question: str, vector: Vector, scope: CacheScope) -> list[CachedAnswer]:
        """Raise ``CacheAbsent``: there is no cache."""
        raise CacheAbsent("no cache is configured (QDRANT_URL is empty)")

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
        """Keep nothing."""

    async def observe(self, observation: Observation) -> None:
        """Keep nothing."""

    async def forget_answer(self, tenant: str, answer_id: str, *, entry: str | None) -> None:
        """There is nothing to forget."""

    async def forget_user(self, tenant: str, user: str) -> None:
        """There is nothing to forget."""
