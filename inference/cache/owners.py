"""Whose answer an entry of the cache keeps, without saying it. Pure."""

from __future__ import annotations

import hashlib


def owner_hash(tenant: str, user: str) -> str:
    """SHA-256 over tenant and user, 128 bits of it as hexadecimal digits."""
    return hashlib.sha256(f"{tenant}\0{user}".encode()).hexdigest()[:32]
