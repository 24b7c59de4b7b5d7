"""A question: as it arrives, as it is stored, and what is not accepted as one. Pure."""

from __future__ import annotations

import hashlib
import re

import msgspec
from msgspec import Struct

from copilot.identity import Identity
from copilot.wire import MAX_QUESTION_CHARS

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""C0/C1 controls and lone surrogates; tabs, line breaks and format characters are text."""


class BadQuestion(ValueError):
    """Text that is not accepted as a question. ``code`` and ``message`` go to the client."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NewQuestion(Struct, frozen=True, kw_only=True):
    """A question as it arrived, already checked for length and content.

    ``connection_id`` is ``None`` where the asker has no socket; ``parent`` is the turn that the
    question follows, ``ROOT`` for a new beginning, ``None`` for the conversation's newest turn;
    ``credential`` is what the asker signed in with (``Grant.credential``).
    """

    identity: Identity
    connection_id: str | None
    client_msg_id: str
    text: str
    conversation_id: str | None = None
    filters: dict[str, str] = {}
    fresh: bool = False
    parent: str | None = None
    credential: str = ""

    def payload_hash(self) -> str:
        """What must be equal for two messages of one id to be the same question."""
        content = [self.text, self.conversation_id, self.filters, self.fresh, self.parent]
        return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


class Asked(Struct, frozen=True, kw_only=True):
    """An accepted question. ``enqueue``: the caller must (again) send it to the queue."""

    answer_id: str
    conversation_id: str
    enqueue: bool


class Question(Struct, frozen=True, kw_only=True):
    """What was asked, as a worker reads it back."""

    text: str
    filters: dict[str, str]
    fresh: bool
    parent: str | None = None


def check_question(text: str) -> None:
    """Refuse what cannot be answered.

    Raises:
        BadQuestion: ``empty_question``, ``question_too_long`` or ``control_characters``.
    """
    if not text.strip():
        raise BadQuestion("empty_question", "The question is empty; type one and send it again.")
    if len(text) > MAX_QUESTION_CHARS:
        raise BadQuestion(
            "question_too_long",
            f"Questions are limited to {MAX_QUESTION_CHARS:,} characters; this has {len(text):,}. "
            "Shorten it and send it again.",
        )
    if _CONTROL.search(text):
        raise BadQuestion(
            "control_characters",
            "The question contains control characters; remove them and send it again.",
        )
