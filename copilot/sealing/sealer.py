"""The port that texts of conversations pass on their way into the table and out of it. Pure.

A sealed text is binary in the table and a plain one a string, so that rows of either kind can lie
side by side: those that were written before a key was named stay readable, and go with age.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from copilot.errors import RequestError


class Place(Struct, frozen=True):
    """Where a text rests. One that was sealed for a place opens in no other."""

    tenant: str
    pk: str
    sk: str
    attribute: str


class Sealer(Protocol):
    """Seals and opens texts; safe on any thread."""

    def seal(self, place: Place, text: str) -> str | bytes:
        """The text as it is stored.

        Raises:
            KeyUnavailable: the key service does not answer, or refuses.
        """
        ...

    def is_ready(self, tenant: str) -> bool:
        """Whether sealing for ``tenant`` now needs no call of the key service."""
        ...

    def open(self, place: Place, sealed: bytes) -> str:
        """The text that was sealed for ``place``.

        Raises:
            KeyMissing: there is no key to open it with.
            KeyUnavailable: the key service does not answer, or refuses.
            NotAuthentic: it was changed, or sealed for another place or under another key.
        """
        ...


class SealError(RequestError):
    """A stored text cannot be sealed or opened."""


class KeyMissing(SealError):
    """A text is sealed, and this process was given no key."""

    code = "key_missing"

    def __init__(self) -> None:
        super().__init__(
            "This text is encrypted and the server has no key for it: set KMS_KEY_ID to the key "
            "that it was written with."
        )


class KeyUnavailable(SealError):
    """The key service does not answer, or refuses; later it may."""

    code = "key_unavailable"

    def __init__(self) -> None:
        super().__init__("The key of this conversation cannot be had now; try again in a moment.")


class NotAuthentic(SealError):
    """A sealed text was changed or moved, or its key belongs to somebody else."""

    code = "not_authentic"

    def __init__(self) -> None:
        super().__init__("A stored text was changed after it was written; it is not shown.")


class Unsealed:
    """The ``Sealer`` of a deployment without a key: texts are stored as they are."""

    def seal(self, place: Place, text: str) -> str:
        """The text itself."""
        return text

    def is_ready(self, tenant: str) -> bool:
        """Always."""
        return True

    def open(self, place: Place, sealed: bytes) -> str:
        """Nothing is opened here.

        Raises:
            KeyMissing: always.
        """
        raise KeyMissing


UNSEALED = Unsealed()
