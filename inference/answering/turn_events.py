"""What goes into a turn and what comes out of it, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from copilot.wire import (
    CacheDecision,
    Citation,
    ErrorInfo,
    FinalState,
    Flag,
    Receipt,
    Source,
    Stage,
)
from inference.ports import ChatMessage, TextDelta


class Question(Struct, frozen=True, kw_only=True):
    """What is asked, by whom, and the answer's id. ``history`` is the conversation before it,
    oldest first.
    """

    text: str
    tenant: str
    user: str = ""
    answer_id: str = ""
    groups: frozenset[str]
    filters: Mapping[str, str] = {}
    fresh: bool = False
    history: Sequence[ChatMessage] = ()


class Status(Struct, frozen=True):
    """Progress before the first token."""

    stage: Stage


class Started(Struct, frozen=True):
    """The answer begins; what the cache decided."""

    cache: CacheDecision


class Found(Struct, frozen=True):
    """The sources, numbered as the answer cites them."""

    items: list[Source]


class Restarted(Struct, frozen=True):
    """The model broke off (``code`` says how): what was streamed is void, a new epoch begins."""

    code: str


class Ended(Struct, frozen=True, kw_only=True):
    """The one terminal event. ``receipt`` lacks the number of posts, which the publisher knows."""

    state: FinalState
    finish_reason: str
    citations: list[Citation] = []
    flags: list[Flag] = []
    receipt: Receipt | None = None
    error: ErrorInfo | None = None


TurnEvent = Status | Started | Found | TextDelta | Restarted | Ended
