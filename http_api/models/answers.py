"""Bodies of questions, answers and judgements."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from copilot.wire import MAX_QUESTION_CHARS, AnswerState, FeedbackReason
from http_api.models.base import MAX_COMMENT_CHARS, Id, Model, Rating, Request
from http_api.wire_types import End, Source


class ChatRequest(Request):
    """A question. ``parent`` is the turn it follows (``root``: a new first turn); left out, it is
    the newest of the conversation. ``fresh`` skips the semantic cache."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_QUESTION_CHARS)]
    conversation_id: Id | None = None
    parent: Id | None = None
    filters: dict[str, str] | None = None
    fresh: bool = False
    client_msg_id: Id | None = None


class Answer(Model):
    """An answer as far as it is written; ``retry_after_ms`` says when to ask again, if at all."""

    answer_id: str
    conversation_id: str
    state: AnswerState
    text: str
    sources: list[Source]
    end: End | None
    retry_after_ms: int | None = None


class FeedbackRequest(Request):
    """A judgement of an answer; ``rating: null`` withdraws it."""

    rating: Rating | None
    reason: FeedbackReason | None = None
    comment: Annotated[str, StringConstraints(max_length=MAX_COMMENT_CHARS)] | None = None


class FeedbackNoted(Model):
    """What is stored now."""

    answer_id: str
    rating: Rating | None
