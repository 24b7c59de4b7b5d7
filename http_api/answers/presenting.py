"""Stored answers as the API shows them. Pure."""

from __future__ import annotations

import msgspec

from copilot import wire
from copilot.conversations.history import Message
from http_api.models.answers import Answer


def answer_of(said: Message, conversation_id: str) -> Answer:
    """A stored answer."""
    end = end_of(said.end)
    return Answer(
        answer_id=said.answer_id,
        conversation_id=conversation_id,
        state=end.state if end else "error",
        text=said.text,
        sources=msgspec.json.decode(said.sources or "[]", type=list[wire.Source]),
        end=end,
    )


def end_of(stored: str | None) -> wire.End | None:
    """A stored terminal event."""
    return msgspec.json.decode(stored, type=wire.End) if stored else None
