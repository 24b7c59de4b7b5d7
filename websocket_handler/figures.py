"""What the replies to a frame say in figures. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from copilot.access.allowance import RateLimited
from copilot.telemetry.metrics import QUESTIONS, REFUSED_QUESTIONS, Figures
from copilot.wire import Accepted, AnyServerEvent, Rejected


def figures_of(replies: Iterable[AnyServerEvent]) -> Figures:
    """Questions that were accepted, and those that were over a limit; empty where there are none.

    What is no question (too long, empty) counts as neither.
    """
    counted = {QUESTIONS: 0, REFUSED_QUESTIONS: 0}
    for reply in replies:
        if isinstance(reply, Accepted):
            counted[QUESTIONS] += 1
        elif isinstance(reply, Rejected) and reply.code == RateLimited.code:
            counted[REFUSED_QUESTIONS] += 1
    return {metric: count for metric, count in counted.items() if count}
