"""Decode what the queue says of the documents' bucket: S3's event notifications. Pure."""

from __future__ import annotations

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
