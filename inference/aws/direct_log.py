"""The answer log whose flushes go straight from the event loop to DynamoDB.

Every window of text is one flush: through botocore on a thread it costs 2.5 ms of CPU, and thirty
streams are all that a core can hold. What happens once an answer stays on the threads.
"""

from __future__ import annotations

from concurrent.futures import Executor

from botocore.exceptions import ClientError

from copilot.answer_log.answers import AnswerLog, Flushed, Lease
from copilot.answer_log.header import Fenced
from copilot.conversations.history import Conversations
from copilot.wire import Source
from inference.aws.dynamodb_http import DynamoDbHttp
from inference.aws.threaded_log import ThreadedLog


class DirectLog(ThreadedLog):
    """``ThreadedLog``, but persisting and fencing need no thread."""

    def __init__(
        self,
        log: AnswerLog,
        conversations: Conversations,
        threads: Executor,
        dynamodb: DynamoDbHttp,
    ) -> None:
        super().__init__(log, conversations, threads)
        self._dynamodb = dynamodb

    async def flush(self, lease: Lease, seq: int, chunk: str | list[Source]) -> Flushed:
        """See ``AnswerLog.flush``."""
        # Asking for a key blocks; that happens once an hour at most.
        at_once = self._log.seals_at_once(lease)
        put = (
            self._log.chunk_put(lease, seq, chunk)
            if at_once
            else await self._call(self._log.chunk_put, lease, seq, chunk)
        )
        await self._dynamodb.call("PutItem", put)
        return await self._fence(lease, seq)

    async def heartbeat(self, lease: Lease) -> Flushed:
        """See ``AnswerLog.heartbeat``."""
        return await self._fence(lease)

    async def _fence(self, lease: Lease, seq: int | None = None) -> Flushed:
        try:
            held = await self._dynamodb.call("UpdateItem", self._log.fence_update(lease, seq))
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise Fenced(lease.answer_id) from error
            raise
        return self._log.flushed(held["Attributes"])
