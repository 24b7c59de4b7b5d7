"""Stored rows as the API shows them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from copilot import wire
from copilot.conversations.history import ROOT, ConversationHead, Message
from http_api import models


def summary_of(head: ConversationHead) -> models.ConversationSummary:
    """A conversation in a list."""
    return models.ConversationSummary(
        conversation_id=head.conversation_id,
        title=head.title,
        created_at=head.created * 1000,
        updated_at=head.updated * 1000,
        pinned=head.pinned,
        turns=head.turns,
        active_answer=head.active_answer,
    )


def conversation_of(head: ConversationHead, turns: Sequence[models.Turn]) -> models.Conversation:
    """A conversation with its turns."""
    fields = summary_of(head).model_dump() | {"turns": list(turns), "leaf": head.leaf}
    return models.Conversation(**fields)


def turns_of(
    messages: Iterable[Message], unfinished: dict[str, models.Answer]
) -> list[models.Turn]:
    """Messages as turns; ``unfinished`` holds the answers that have no message yet."""
    questions = {m.answer_id: m for m in messages if m.role == "user"}
    answers = {m.answer_id: m for m in messages if m.role == "assistant"}
    turns: list[models.Turn] = []
    before = ROOT
    for answer_id, question in questions.items():
        said = answers.get(answer_id)
        answer = answer_of(said, "") if said else unfinished[answer_id]
        turns.append(
            models.Turn(
                answer_id=answer_id,
                parent=question.parent or before,
                question=question.text,
                asked_at=question.at * 1000,
                state=answer.state,
                text=answer.text,
                sources=answer.sources,
                end=answer.end,
                feedback=_feedback_of(said),
            )
        )
        before = answer_id
    return turns


def answer_of(said: Message, conversation_id: str) -> models.Answer:
    """A stored answer."""
    end = end_of(said.end)
    return models.Answer(
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


def branch_of(turns: Sequence[models.Turn], leaf: str | None) -> list[models.Turn]:
    """The turns from the beginning to ``leaf``, in order; empty where there is no such turn."""
    known = {turn.answer_id: turn for turn in turns}
    branch: list[models.Turn] = []
    while (turn := known.pop(leaf or "", None)) is not None:
        branch.insert(0, turn)
        leaf = turn.parent
    return branch


def _feedback_of(said: Message | None) -> models.TurnFeedback | None:
    if said is None or said.rating is None:
        return None
    return models.TurnFeedback.model_validate(
        {"rating": said.rating, "reason": said.reason, "comment": said.comment}
    )
