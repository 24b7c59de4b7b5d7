"""Stored rows as the API shows them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from copilot.conversations.history import ROOT, ConversationHead, Message
from http_api.answers.presenting import answer_of
from http_api.models.answers import Answer
from http_api.models.conversations import Conversation, ConversationSummary, Turn, TurnFeedback


def summary_of(head: ConversationHead) -> ConversationSummary:
    """A conversation in a list."""
    return ConversationSummary(
        conversation_id=head.conversation_id,
        title=head.title,
        created_at=head.created * 1000,
        updated_at=head.updated * 1000,
        pinned=head.pinned,
        turns=head.turns,
        active_answer=head.active_answer,
    )


def conversation_of(head: ConversationHead, turns: Sequence[Turn]) -> Conversation:
    """A conversation with its turns."""
    fields = summary_of(head).model_dump() | {"turns": list(turns), "leaf": head.leaf}
    return Conversation(**fields)


def turns_of(messages: Iterable[Message], unfinished: dict[str, Answer]) -> list[Turn]:
    """Messages as turns; ``unfinished`` holds the answers that have no message yet."""
    questions = {m.answer_id: m for m in messages if m.role == "user"}
    answers = {m.answer_id: m for m in messages if m.role == "assistant"}
    turns: list[Turn] = []
    before = ROOT
    for answer_id, question in questions.items():
        said = answers.get(answer_id)
        answer = answer_of(said, "") if said else unfinished[answer_id]
        turns.append(
            Turn(
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


def branch_of(turns: Sequence[Turn], leaf: str | None) -> list[Turn]:
    """The turns from the beginning to ``leaf``, in order; empty where there is no such turn."""
    known = {turn.answer_id: turn for turn in turns}
    branch: list[Turn] = []
    while (turn := known.pop(leaf or "", None)) is not None:
        branch.insert(0, turn)
        leaf = turn.parent
    return branch


def _feedback_of(said: Message | None) -> TurnFeedback | None:
    if said is None or said.rating is None:
        return None
    return TurnFeedback.model_validate(
        {"rating": said.rating, "reason": said.reason, "comment": said.comment}
    )
