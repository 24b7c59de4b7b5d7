"""Cursors: where the next page begins, as an opaque text. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from http import HTTPStatus
from typing import TypeVar

import msgspec

from http_api.problems import ProblemError

T = TypeVar("T")


def encode_cursor(values: Sequence[object]) -> str:
    """The cursor that holds ``values``."""
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def decode_cursor(cursor: str, kind: type[T]) -> T:
    """What a cursor holds; ``kind`` is a tuple type.

    Raises:
        ProblemError: ``invalid_cursor``.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return msgspec.json.decode(base64.b64decode(padded, b"-_", validate=True), type=kind)
    except (UnicodeError, RecursionError, binascii.Error, msgspec.DecodeError) as error:
        raise invalid_cursor() from error


def invalid_cursor() -> ProblemError:
    """What to say of a cursor that this list has not given."""
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid_cursor",
        "This is no cursor of this list; begin without one.",
    )
