"""The answer log for an event loop: the blocking client on a bounded pool of threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import ParamSpec, TypeVar

from copilot.answer_log.answers import AnswerLog, Flushed, Lease
from copilot.answer_log.ending import Ending
from copilot.conversations.history import Conversations, Message
from copilot.wire import End, Source

P = ParamSpec("P")
T = TypeVar("T")


class ThreadedLog:
    """``publisher.Log`` and what a worker needs besides, over ``AnswerLog``."""

    def __init__(self, log: AnswerLog, conversations: Conversations, threads: Executor) -> None:
        self._log = log
        self._conversations = conversations
        self._threads = threads

    async def take(self, answer_id: str) -> Lease:
        """See ``AnswerLog.take``."""
        return await self._call(self._log.take, answer_id)

    async def release(self, lease: Lease) -> None:
        """See ``AnswerLog.release``."""
        await self._call(self._log.release, lease)

    async def flush(self, lease: Lease, seq: int, chunk: str | list[Source]) -> Flushed:
        """See ``AnswerLog.flush``."""
        return await self._call(self._log.flush, lease, seq, chunk)

    async def heartbeat(self, lease: Lease) -> Flushed:
        """See ``AnswerLog.heartbeat``."""
        return await self._call(self._log.heartbeat, lease)

    async def restart(self, lease: Lease) -> Lease:
        """See ``AnswerLog.restart``."""
        return await self._call(self._log.restart, lease)

    async def finish(self, lease: Lease, ending: Ending) -> tuple[End, Flushed]:
        """See ``AnswerLog.finish``."""
        return await self._call(self._log.finish, lease, ending)

    async def drop_subscriber(self, answer_id: str, connection_id: str) -> None:
        """See ``AnswerLog.drop_subscriber``."""
        await self._call(self._log.drop_subscriber, answer_id, connection_id)

    async def end_of(self, answer_id: str, tenant: str) -> End | None:
        """See ``AnswerLog.end_of``."""
        return await self._call(self._log.end_of, answer_id, tenant)

    async def history(self, lease: Lease) -> list[Message]:
        """What was said on the question's branch before it, oldest first."""
        return await self._call(
            self._conversations.history,
            lease.header.identity.tenant,
            lease.header.conversation_id,
            before_answer=lease.answer_id,
            parent=lease.question.parent,
        )

    async def _call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(function, *args, **kwargs))
