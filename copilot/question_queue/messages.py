"""What travels on the question queue: questions to answer, and answers for the cache to forget.

The functions that face people may not reach the cache; they put a message here, and an inference
worker does it. Every message is safe to deliver twice.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec
from msgspec import Struct


class QueueMessage(Struct, kw_only=True, frozen=True):
    """A message of the queue; ``v`` is the version of its shape."""

    kind: ClassVar[str]
    v: int = 1


class AnswerQuestion(QueueMessage, kw_only=True, frozen=True):
    """Answer the question that was accepted as ``answer_id``."""

    kind: ClassVar[str] = "answer"
    answer_id: str


class ForgetAnswer(QueueMessage, kw_only=True, frozen=True):
    """A thumbs-down: the cache forgets what ``answer_id`` of ``tenant`` stored in it, and the
    entry from which that answer was served, if it was. ``tenant`` comes from the caller's identity.
    """

    kind: ClassVar[str] = "forget_answer"
    tenant: str
    answer_id: str


class ForgetUser(QueueMessage, kw_only=True, frozen=True):
    """A person's data is deleted: the cache forgets every entry that their answers stored."""

    kind: ClassVar[str] = "forget_user"
    tenant: str
    user: str


AnyQueueMessage = AnswerQuestion | ForgetAnswer | ForgetUser
_TYPES: dict[str, type[AnyQueueMessage]] = {
    message.kind: message for message in (AnswerQuestion, ForgetAnswer, ForgetUser)
}


class BadQueueMessage(ValueError):
    """The body is no message of this queue."""


class _Kind(Struct):
    """A question is sent without a kind."""

    kind: str = AnswerQuestion.kind


def encode_message(message: AnyQueueMessage) -> str:
    """The ``MessageBody`` for SQS."""
    if isinstance(message, AnswerQuestion):
        return msgspec.json.encode(message).decode()
    return msgspec.json.encode({"kind": message.kind, **msgspec.structs.asdict(message)}).decode()


def decode_message(body: str) -> AnyQueueMessage:
    """Read the body of a queue message; fields that are not known are ignored.

    Raises:
        BadQueueMessage: not JSON, of no known kind, or a field is missing.
    """
    try:
        kind = msgspec.json.decode(body, type=_Kind).kind
        if kind not in _TYPES:
            raise BadQueueMessage(f"unknown kind of message: {kind!r}")
        return msgspec.json.decode(body, type=_TYPES[kind])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadQueueMessage(str(error)) from error
