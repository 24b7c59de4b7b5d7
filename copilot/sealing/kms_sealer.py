"""The ``Sealer`` of a deployment with a KMS key: AES-256-GCM under data keys of the tenant."""

from __future__ import annotations

import os

from copilot.sealing import envelope
from copilot.sealing.data_keys import DataKeys
from copilot.sealing.sealer import Place


class KmsSealer:
    """Seals with the tenant's key of today and opens with the key that a text brings along."""

    def __init__(self, keys: DataKeys) -> None:
        self._keys = keys

    def seal(self, place: Place, text: str) -> bytes:
        """See ``Sealer.seal``."""
        key = self._keys.of_today(place.tenant)
        nonce = os.urandom(envelope.NONCE_BYTES)
        return envelope.encrypt(
            text, place, key=key.plain, wrapped_key=key.wrapped, nonce=nonce
        ).encode()

    def is_ready(self, tenant: str) -> bool:
        """See ``Sealer.is_ready``."""
        return self._keys.has_today(tenant)

    def open(self, place: Place, sealed: bytes) -> str:
        """See ``Sealer.open``."""
        parts = envelope.decode(sealed)
        key = self._keys.unwrapped(place.tenant, parts.wrapped_key)
        return envelope.decrypt(parts, place, key=key)
