"""Who asks, as the server established it."""

from __future__ import annotations

import re

from msgspec import Struct

DEFAULT_TENANT = "default"
PUBLIC_GROUPS = ("public",)

_NAME = re.compile(r"[^#\x00-\x1f\x7f]{1,128}")


class Identity(Struct, frozen=True, kw_only=True):
    """A person within a tenant, and the document groups they may read.

    Never taken from a client message: it comes from the authorizer, or from the connection row.
    """

    tenant: str
    user: str
    groups: tuple[str, ...] = PUBLIC_GROUPS

    @property
    def reads(self) -> frozenset[str]:
        """The names by which documents are opened to this person: their groups, and each of them
        within their tenant alone (``finance@acme``).

        A group that bears ``@`` itself opens nothing: it could be another tenant's.
        """
        own = [group for group in self.groups if "@" not in group]
        return frozenset([*own, *(f"{group}@{self.tenant}" for group in own)])

    def __post_init__(self) -> None:
        """Refuse names that could reach into another row's key, whose parts ``#`` separates.

        Raises:
            ValueError: a tenant or user is empty, longer than 128 characters, or holds ``#`` or a
                control character.
        """
        if not (_NAME.fullmatch(self.tenant) and _NAME.fullmatch(self.user)):
            raise ValueError("A tenant or user name is 1 to 128 characters without '#'.")


def anonymous_user(client_id: str) -> str:
    """The user name of somebody who has not signed in."""
    return f"anon-{client_id}"


def anonymous_identity(client_id: str) -> Identity:
    """Somebody who has not signed in: told apart by ``client_id`` alone."""
    return Identity(tenant=DEFAULT_TENANT, user=anonymous_user(client_id))


ANYBODY = Identity(tenant=DEFAULT_TENANT, user="anonymous")
"""Whoever connects where nobody signs in, before the browser names itself."""
