"""A local stack for one question: started, asked, stopped."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from typing import TextIO

from local.client.asking import ask_aloud
from local.client.chat_client import ChatClient
from local.options import Options
from local.stack import running


async def smoke(
    options: Options, shell: Mapping[str, str], question: str, timeout_s: float, out: TextIO
) -> None:
    """Start a stack on free ports with state of its own, ask, print, stop.

    Raises:
        StackFailed: it cannot start; the message says why.
        ChatError: no complete answer came; the message says why.
        TimeoutError: the whole took longer than ``timeout_s`` seconds.
    """

    def say(line: str) -> None:
        print(line, file=out, flush=True)

    async with (
        asyncio.timeout(timeout_s),
        running(options, shell, say) as stack,
        ChatClient(stack.websocket_url) as client,
    ):
        await ask_aloud(client, question, out)


def temporary_state() -> tempfile.TemporaryDirectory[str]:
    """A state directory that is gone afterwards."""
    return tempfile.TemporaryDirectory(prefix="energycopilot-", ignore_cleanup_errors=True)
