"""Identifiers: ULIDs, so that they sort by time and need no coordination."""

from __future__ import annotations

from ulid import ULID


def new_id() -> str:
    """A new lower-case ULID, 26 characters."""
    return str(ULID()).lower()
