"""The header of an answer: its shape, the decisions taken on it, and what can go wrong. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from copilot.errors import RequestError
from copilot.identity import Identity
from copilot.wire import FINAL_STATES, AnswerState

LEASE_S = 15
"""How long a worker owns an answer after its last flush."""

CHUNK_TTL_S = 24 * 3_600
IDEMPOTENCY_TTL_S = 26 * 3_600
MAX_SUBSCRIBERS = 20


class Header(Struct, frozen=True, kw_only=True):
    """``ANS#a / HDR`` decoded. Times are seconds since the epoch."""

    answer_id: str
    identity: Identity
    conversation_id: str
    epoch: int
    last_seq: int
    state: AnswerState
    lease_until: int
    attempts: int
    subscribers: frozenset[str]
    cancelled: bool
    created: int
    enqueued_at: int = 0
    end: str | None = None
    counted: bool = False
    """Whether it holds a slot and its tokens count towards a limit."""
    credential: str = ""
    """With what its asker signed in, for the audit trail; never a secret."""

    @property
    def is_final(self) -> bool:
        """Whether the answer has ended, so that redelivery is a no-op."""
        return self.state in FINAL_STATES

    def is_leased(self, now: float) -> bool:
        """Whether a worker owns the answer at ``now``."""
        return self.state == "streaming" and self.lease_until >= now

    def belongs_to(self, identity: Identity) -> bool:
        """Whether ``identity`` may read and stop this answer."""
        return (self.identity.tenant, self.identity.user) == (identity.tenant, identity.user)

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Header:
        """Build a header from a decoded DynamoDB item."""
        return cls(
            answer_id=item["answer_id"],
            identity=Identity(
                tenant=item["tenant"], user=item["user"], groups=tuple(item["groups"])
            ),
            conversation_id=item["conversation_id"],
            epoch=item["epoch"],
            last_seq=item["last_seq"],
            state=item["state"],
            lease_until=item["lease_until"],
            attempts=item["attempts"],
            subscribers=frozenset(item.get("subscribers", ())),
            cancelled=item.get("cancelled", False),
            created=item["created"],
            enqueued_at=item.get("enqueued_at", 0),
            end=item.get("end"),
            counted=item.get("counted", False),
            credential=item.get("credential", ""),
        )


class UnknownAnswer(RequestError):
    """No such answer, or it is somebody else's; the two look alike on purpose."""

    code = "unknown_answer"


class AnswerExpired(RequestError):
    """The answer ended long ago and its chunks are gone; the conversation still holds its text."""

    code = "answer_expired"


class UnknownParent(RequestError):
    """The turn that a question is to follow is not in its conversation."""

    code = "unknown_parent"


class Busy(RequestError):
    """The conversation is still being answered; order within a conversation is kept."""

    code = "busy"

    def __init__(self, message: str, *, stalled: Header | None = None) -> None:
        super().__init__(message)
        self.stalled = stalled


class IdempotencyConflict(RequestError):
    """The same ``client_msg_id`` came with another question."""

    code = "idempotency_conflict"


class NotTaken(Exception):
    """A worker may not take this answer. ``leased``: try again after ``retry_after_s``."""

    def __init__(self, reason: str, *, retry_after_s: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class Fenced(Exception):
    """Another worker has a higher epoch, or the answer has ended: stop, and push nothing more."""
