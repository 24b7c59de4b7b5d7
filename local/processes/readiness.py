"""Waits until a child process answers over HTTP."""

from __future__ import annotations

import asyncio
import signal
import time

import aiohttp

from local.processes.children import Child


class NotReady(Exception):
    """A child process did not start; the message shows the end of its log."""


async def until_ready(
    child: Child, session: aiohttp.ClientSession, url: str, timeout_s: float
) -> None:
    """Return when ``url`` answers 200; stop the child if it never does.

    Raises:
        NotReady: it ended, or did not answer within ``timeout_s`` seconds.
    """
    try:
        if await _answers(child, session, url, timeout_s):
            return
    except BaseException:
        # Nobody else knows the child yet: a start that is interrupted must not leave it behind.
        child.send(signal.SIGKILL)
        raise
    await child.stop(0)
    raise NotReady(f"{child.name} did not start. The end of {child.log}:\n{child.last_lines()}")


async def _answers(
    child: Child, session: aiohttp.ClientSession, url: str, timeout_s: float
) -> bool:
    deadline = time.monotonic() + timeout_s
    while child.running and time.monotonic() < deadline:
        try:
            async with session.get(url) as answer:
                if answer.status == 200:
                    return True
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.03)
    return False
