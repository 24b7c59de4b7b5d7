"""A person's judgement of an answer. Pure."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from copilot.errors import RequestError
from copilot.wire import FeedbackReason

Rating = Literal["up", "down"]


class Judgement(Struct, frozen=True, kw_only=True):
    """A rating with its reason and comment; ``rating=None`` withdraws what was said."""

    rating: Rating | None
    reason: FeedbackReason | None = None
    comment: str | None = None


class NotEnded(RequestError):
    """Only an answer that has ended can be judged."""

    code = "not_ended"
