"""What a turn has said and the publisher has not yet sent: text coalesces, a restart voids it."""

from __future__ import annotations

import asyncio
from collections import deque

from msgspec import Struct

from inference.answering.turn_events import Ended, Restarted, TurnEvent
from inference.ports import TextDelta


class Tick(Struct, frozen=True):
    """Nothing was sent for a while: time to renew the lease."""


class Closed(Struct, frozen=True):
    """The turn is over; nothing more will come."""


Item = TurnEvent | Tick | Closed


class Mailbox:
    """A queue with one reader."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._filled = asyncio.Event()
        self._hurry = False
        self._gathering: asyncio.Future[None] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._items

    def put(self, item: Item) -> None:
        """Add an item; a tick only where none is waiting."""
        if isinstance(item, Restarted):
            self._items.clear()
        if isinstance(item, Tick) and any(isinstance(kept, Tick) for kept in self._items):
            return
        self._items.append(item)
        self._filled.set()
        if isinstance(item, Ended | Restarted | Closed):
            self._hurry = True
            _finish(self._gathering)

    async def take(self, max_bytes: int) -> Item:
        """Wait for the next item; texts that follow each other come as one, cut at ``max_bytes``.

        The cut is at a character boundary of the UTF-8 text.
        """
        while not self._items:
            self._filled.clear()
            await self._filled.wait()
        if isinstance(self._items[0], TextDelta):
            return TextDelta(text=self._take_text(max_bytes))
        item = self._items.popleft()
        self._hurry = any(isinstance(kept, Ended | Restarted | Closed) for kept in self._items)
        return item

    async def gather(self, seconds: float) -> None:
        """Let items gather for so long, or until one waits that must not wait."""
        if seconds <= 0 or self._hurry:
            return
        # One of these a window and answer: asyncio.timeout would cancel and catch every time.
        loop = asyncio.get_running_loop()
        self._gathering = loop.create_future()
        timer = loop.call_later(seconds, _finish, self._gathering)
        try:
            await self._gathering
        finally:
            timer.cancel()
            self._gathering = None

    def _take_text(self, max_bytes: int) -> str:
        pieces: list[str] = []
        size = 0
        while self._items and isinstance(item := self._items[0], TextDelta):
            self._items.popleft()
            size += len(item.text.encode())
            pieces.append(item.text)
            if size >= max_bytes:
                break
        head, tail = cut("".join(pieces), max_bytes)
        if tail:
            self._items.appendleft(TextDelta(text=tail))
        return head


def _finish(gathering: asyncio.Future[None] | None) -> None:
    if gathering is not None and not gathering.done():
        gathering.set_result(None)


def cut(text: str, max_bytes: int) -> tuple[str, str]:
    """Cut ``text`` so that the head has at most ``max_bytes`` bytes of UTF-8 (at least 4)."""
    raw = text.encode()
    if len(raw) <= max_bytes:
        return text, ""
    head = raw[:max_bytes].decode(errors="ignore")
    return head, text[len(head) :]
