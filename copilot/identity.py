"""Who asks, as the server established it."""

from __future__ import annotations

from msgspec import Struct


class Identity(Struct, frozen=True, kw_only=True):
    """A person within a tenant, and the document groups they may read.

    Never taken from a client message: it comes from the authorizer, or from the connection row.
    """

    tenant: str
    user: str
    groups: tuple[str, ...] = ("public",)
