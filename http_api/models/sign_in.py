"""Bodies of signing in and out."""

from __future__ import annotations

from http_api.models.base import Count, Model


class Ticket(Model):
    """A ticket for one handshake. Its socket serves its person for ``sign_in_lasts_s``, unless
    the message ``auth`` brings another ticket before."""

    ticket: str
    expires_in_s: Count
    sign_in_lasts_s: Count


class ClosedConnections(Model):
    """How many sockets were closed."""

    closed_connections: Count
