"""Compares a shadow answer with the cached one that it stands in for, and notes what it showed.

It runs after the end of the answer has been sent, so nobody waits for it. Knows ports only.
"""

from __future__ import annotations

import numpy as np

from inference.answering.knowledge import Knowledge, Parts
from inference.cache.guards.exploration import not_below
from inference.ports import CachedAnswer, CacheUnavailable, Observation, Origin, Passage


async def observe(
    known: Knowledge, parts: Parts, origin: Origin, *, text: str | None, passages: list[Passage]
) -> None:
    """Compare the fresh answer ``text``, written from ``passages``, with the one that was shadowed.

    ``text`` is ``None`` where the fresh answer is that the documents do not say. An observation
    that cannot be kept is lost: the next one will do.
    """
    cached = known.shadowed
    if cached is None:
        return
    right = text is not None and await _says_the_same(cached, text, passages, parts)
    observation = Observation(
        entry=cached.entry,
        tenant=known.scope.tenant,
        answer_id=origin.answer_id,
        similarity=not_below(cached.score),
        right=right,
        clean=cached.record.wrong_up_to is None,
    )
    try:
        await parts.cache.observe(observation)
    except CacheUnavailable:
        return


async def _says_the_same(
    cached: CachedAnswer, text: str, passages: list[Passage], parts: Parts
) -> bool:
    from inference.cache.guards.equivalence import difference

    one, other = await parts.offload(parts.embedder.embed, [cached.text, text])
    found = difference(
        cached.text, cached.passages, text, passages, cosine=float(np.dot(one, other))
    )
    return found is None
