"""How an answer ends, by the last thing that was generated. Pure."""

from __future__ import annotations

from copilot.wire import ErrorInfo, FinalState
from inference.generation import Failed, Stopped
from inference.ports import Finished


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
