"""Decode what the queue says of the documents' bucket: S3's event notifications; and what of it is
indexed together. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote_plus

import msgspec
from msgspec import Struct


class _Object(Struct):
    key: str


class _Detail(Struct):
    object: _Object


class _Event(Struct, rename="camel"):
    event_name: str
    s3: _Detail


class _Notification(Struct):
    records: list[_Event] = msgspec.field(default_factory=list, name="Records")


class BadNotification(Exception):
    """The message is no event notification of S3."""


class Told(Struct, frozen=True):
    """A message of the queue: the ``keys`` that it is about, how often it was delivered by now, and
    when the queue took it (seconds since 1970; ``None`` where that is not said)."""

    message: str
    keys: tuple[str, ...]
    deliveries: int
    sent_at: float | None


def told_by(record: Mapping[str, Any]) -> Told:
    """Decode one record of an event of SQS.

    Raises:
        BadNotification: see ``keys_of``.
    """
    about = record.get("attributes", {})
    sent = about.get("SentTimestamp")
    return Told(
        message=record["messageId"],
        keys=tuple(keys_of(record["body"])),
        deliveries=int(about.get("ApproximateReceiveCount", 1)),
        sent_at=None if sent is None else int(sent) / 1000,
    )


def indexed_together(told: Sequence[Told]) -> list[list[Told]]:
    """The messages in groups, one after the other.

    What comes for the first time is one group. What comes again is each by itself, so that a
    document that breaks off a run takes no other with it; and from either end in turn, since it
    may end the process, before which those that follow it would never have their turn.
    """
    first = [one for one in told if one.deliveries == 1]
    again = [[one] for one in told if one.deliveries > 1]
    if max((one.deliveries for one in told), default=1) % 2:
        again.reverse()
    return [*([first] if first else []), *again]


def keys_of(body: str) -> list[str]:
    """The keys of the objects that a message is about, without folders and hidden files.

    S3's test event is about none.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html

    Raises:
        BadNotification: it is something else.
    """
    try:
        events = msgspec.json.decode(body, type=_Notification).records
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadNotification(str(error)) from error
    keys = [unquote_plus(event.s3.object.key) for event in events]
    return [key for key in keys if _is_document(key)]


def _is_document(key: str) -> bool:
    parts = key.split("/")
    return bool(parts[-1]) and not any(part.startswith(".") for part in parts)
