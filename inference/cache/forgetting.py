"""Makes the cache forget: answers that were thumbed down, and what a person's answers stored."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from copilot.question_queue.messages import ForgetAnswer, ForgetUser
from copilot.wire import End
from inference.engine import EngineLoader
from inference.ports import AnswerCache

logger = logging.getLogger(__name__)


class Ends(Protocol):
    """What is asked of the answer log."""

    async def end_of(self, answer_id: str, tenant: str) -> End | None: ...


class Forgetting:
    """Carries out the queue's messages to forget; each is safe to repeat.

    Every method raises ``CacheUnavailable`` or ``EngineUnusable`` where it must be tried again.
    """

    def __init__(self, engine: EngineLoader, ends: Ends) -> None:
        self._engine = engine
        self._ends = ends

    async def forget(self, message: ForgetAnswer | ForgetUser) -> bool:
        """Do what ``message`` says; return whether it reports an answer that the cache gave."""
        cache = (await asyncio.to_thread(self._engine.get)).cache
        if isinstance(message, ForgetUser):
            await cache.forget_user(message.tenant, message.user)
            logger.info("the cache forgot a person's answers", extra={"tenant": message.tenant})
            return False
        return await self._forget_answer(cache, message)

    async def _forget_answer(self, cache: AnswerCache, message: ForgetAnswer) -> bool:
        end = await self._ends.end_of(message.answer_id, message.tenant)
        asked = end.receipt.cache if end is not None and end.receipt is not None else None
        entry = asked.entry if asked is not None else None
        await cache.forget_answer(message.tenant, message.answer_id, entry=entry)
        logger.info(
            "the cache forgot an answer", extra={"answer_id": message.answer_id, "entry": entry}
        )
        return asked is not None and asked.decision == "hit"
