"""What every way of signing in answers, and how it fails. Pure."""

from __future__ import annotations

from typing import Protocol

from copilot.access.tickets import Grant


class NotSignedIn(Exception):
    """The credential is missing, wrong, expired or revoked; the message is for the person."""


class SignInUnavailable(Exception):
    """Nobody can be verified at the moment: the secret or the key set cannot be read."""


class Verifier(Protocol):
    """Turns a bearer credential into a grant."""

    def verify(self, credential: str) -> Grant:
        """Who this is, and until when.

        Raises:
            NotSignedIn: it proves nothing.
            SignInUnavailable: it cannot be checked now.
        """
        ...
