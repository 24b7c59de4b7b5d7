"""Bodies of conversations, their turns, and what is found in them."""

from __future__ import annotations

from typing import Literal

from copilot.wire import AnswerState, FeedbackReason
from http_api.models.base import Count, Milliseconds, Model, Rating, Request, Title
from http_api.wire_types import End, Source


class _ConversationHead(Model):
    conversation_id: str
    title: str
    created_at: Milliseconds
    updated_at: Milliseconds
    pinned: bool
    active_answer: str | None


class ConversationSummary(_ConversationHead):
    """A conversation without its turns, of which ``turns`` is the number over all branches;
    ``active_answer`` is the answer being written, if any."""

    turns: Count


class ConversationPage(Model):
    """Pinned conversations first, each kind newest first."""

    items: list[ConversationSummary]
    next_cursor: str | None


class TurnFeedback(Model):
    """What the person said of an answer."""

    rating: Rating
    reason: FeedbackReason | None = None
    comment: str | None = None


class Turn(Model):
    """A question and its answer. ``parent`` is the turn that it follows, ``root`` for a first."""

    answer_id: str
    parent: str
    question: str
    asked_at: Milliseconds
    state: AnswerState
    text: str
    sources: list[Source]
    end: End | None
    feedback: TurnFeedback | None


class Conversation(_ConversationHead):
    """A conversation with the turns of all its branches, oldest first; ``leaf`` is the newest."""

    leaf: str | None
    turns: list[Turn]


class NewConversation(Request):
    """An empty conversation; asking a question makes one as well."""

    title: Title | None = None


class ConversationChange(Request):
    """What to change; what is left out stays."""

    title: Title | None = None
    pinned: bool | None = None


class DeletedConversation(Model):
    """Hidden at once, gone after ``undo_until``."""

    conversation_id: str
    undo_until: Milliseconds


class SearchHit(Model):
    """A place in a conversation. ``marks`` are character spans of ``excerpt``."""

    conversation_id: str
    title: str
    answer_id: str | None
    where: Literal["title", "question", "answer"]
    excerpt: str
    marks: list[tuple[int, int]]
    at: Milliseconds


class SearchPage(Model):
    """Hits in the newest conversations first. A page may be empty and still have a next one."""

    items: list[SearchHit]
    next_cursor: str | None
