"""API keys: long random strings of which the deployment keeps only hashes.

The secret holds ``{"keys": [{"id", "sha256", "tenant", "user", "groups"?, "not_after"?}, ...]}``.
Several keys of one user may be valid at a time, so that a new one is handed out before the old one
is removed. A removed key stops working within ``REREAD_S`` for new sign-ins and within
``GRANT_S`` for connections that it opened.

A key is ``ec_<id>_<43 characters>`` with 256 random bits: nothing to guess, so that one round of
SHA-256 is enough (slow hashes protect passwords that people chose).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import UTC, date, datetime

import msgspec
from msgspec import Struct

from copilot.access.tickets import Grant
from copilot.identity import PUBLIC_GROUPS, Identity
from http_api.sign_in.verifier import NotSignedIn, SignInUnavailable

REREAD_S = 60
"""How old the list of keys may be before it is read again."""

USABLE_S = 600
"""How long the last list serves while the secret cannot be read."""

GRANT_S = 900
"""How long a connection lives on one proof before it has to bring another."""

_KEY = re.compile(r"ec_([A-Za-z0-9-]{1,32})_[A-Za-z0-9_-]{43}")


class ApiKey(Struct, frozen=True, kw_only=True):
    """One key as the secret lists it. ``not_after`` is its last valid day (UTC)."""

    id: str
    sha256: str
    tenant: str
    user: str
    groups: tuple[str, ...] = PUBLIC_GROUPS
    not_after: date | None = None


class KeyList(Struct, frozen=True):
    """The secret's content."""

    keys: tuple[ApiKey, ...]


def new_key(key_id: str, tenant: str, user: str, groups: tuple[str, ...]) -> tuple[str, ApiKey]:
    """A fresh key to hand out once, and the entry for the secret.

    Raises:
        ValueError: ``key_id`` is not 1 to 32 letters, digits and hyphens.
    """
    key = f"ec_{key_id}_{secrets.token_urlsafe(32)}"
    if not _KEY.fullmatch(key):
        raise ValueError("The id of a key is 1 to 32 letters, digits and hyphens.")
    entry = ApiKey(id=key_id, sha256=_digest(key), tenant=tenant, user=user, groups=groups)
    return key, entry


class ApiKeys:
    """Verifies keys against the list that ``read`` returns as JSON. ``now``: wall clock, seconds.

    ``read`` raises ``SignInUnavailable`` where the secret cannot be had.
    """

    def __init__(self, read: Callable[[], str], now: Callable[[], float]) -> None:
        self._read = read
        self._now = now
        self._keys: dict[str, ApiKey] = {}
        self._read_at: float | None = None

    def verify(self, credential: str) -> Grant:
        """Who holds this key, for ``GRANT_S`` from now.

        Raises:
            NotSignedIn: unknown, removed or past its last day.
            SignInUnavailable: the list cannot be read, or is malformed.
        """
        shape = _KEY.fullmatch(credential)
        key = self._list().get(shape[1]) if shape else None
        now = self._now()
        expected = key.sha256 if key else "0" * 64
        # As bytes: a hash that somebody mistyped may hold any character.
        listed = expected.lower().encode("utf-8", "replace")
        if not hmac.compare_digest(_digest(credential).encode(), listed) or key is None:
            raise NotSignedIn("This API key is not valid.")
        if key.not_after is not None and datetime.fromtimestamp(now, UTC).date() > key.not_after:
            raise NotSignedIn("This API key has expired; ask for a new one.")
        try:
            identity = Identity(tenant=key.tenant, user=key.user, groups=key.groups)
        except ValueError as error:
            raise NotSignedIn(f"This API key is listed wrongly: {error}") from error
        return Grant(identity=identity, expires_at=int(now) + GRANT_S, credential=f"key:{key.id}")

    def _list(self) -> dict[str, ApiKey]:
        now = self._now()
        if self._read_at is None or now - self._read_at >= REREAD_S:
            try:
                listed = msgspec.json.decode(self._read(), type=KeyList)
                self._keys, self._read_at = {key.id: key for key in listed.keys}, now
            except (SignInUnavailable, msgspec.DecodeError, RecursionError) as error:
                if self._read_at is None or now - self._read_at >= USABLE_S:
                    raise SignInUnavailable("The API keys cannot be read.") from error
        return self._keys


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
