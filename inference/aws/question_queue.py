"""When a question that could not be answered now comes back."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

logger = logging.getLogger(__name__)


class QuestionQueue:
    """The queue that questions come from. ``client`` makes the client; few processes need it."""

    def __init__(self, client: Callable[[], SQSClient], url: str, threads: Executor) -> None:
        self._client = functools.cache(client)
        self._url = url
        self._threads = threads

    async def come_back(self, receipt_handle: str, seconds: int) -> None:
        """Let a received message be delivered again after ``seconds``.

        Where that cannot be set, the queue's own visibility timeout brings it back.
        """
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, self._change, receipt_handle, seconds)

    def _change(self, receipt_handle: str, seconds: int) -> None:
        try:
            self._client().change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )
        except (BotoCoreError, ClientError) as error:
            logger.warning("visibility not changed", extra={"reason": str(error)})
