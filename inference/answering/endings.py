"""How an answer ends, by the last thing that was generated. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from copilot.wire import Citation, ErrorInfo, FinalState, Flag
from inference.chat_models.generation import Failed, Stopped
from inference.ports import Finished

MAX_CITATIONS_BYTES = 20 * 1024
MAX_FLAGS_BYTES = 6 * 1024
"""Together with the receipt an ``end`` stays one frame of 32 KB, and an item of the table."""


_Item = TypeVar("_Item", Citation, Flag)


def within(items: Iterable[_Item], most_bytes: int) -> list[_Item]:
    """The first of ``items`` whose JSON takes ``most_bytes`` at most; the rest stay unread."""
    kept: list[_Item] = []
    for item in items:
        most_bytes -= len(msgspec.json.encode(item)) + 1
        if most_bytes < 0:
            break
        kept.append(item)
    return kept


def verdict(
    item: Finished | Stopped | Failed, spoke: bool
) -> tuple[FinalState, str, ErrorInfo | None]:
    """State, finish reason and error of an answer that ends with ``item``."""
    if isinstance(item, Failed):
        error = item.error
        info = ErrorInfo(code=error.code, message=error.message, retryable=error.retryable)
        return "error", "error", info
    if isinstance(item, Stopped):
        if item.reason == "cancelled":
            return "cancelled", "cancelled", None
        if spoke:
            return "truncated", "deadline", None
        message = "The time of this invocation ran out before the first word. Ask again."
        return "error", "deadline", ErrorInfo(code="out_of_time", message=message, retryable=True)
    if item.finish_reason == "content_filter":
        message = "The language model's provider withheld this answer. Ask differently."
        info = ErrorInfo(code="content_filter", message=message, retryable=False)
        return "error", item.finish_reason, info
    return "truncated" if item.finish_reason == "length" else "done", item.finish_reason, None
