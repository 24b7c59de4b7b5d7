"""The bytes of a sealed text: format 1, AES-256-GCM under a data key that rides along. Pure.

=========  =====================================================================================
bytes      meaning
=========  =====================================================================================
1          format, 1
2          length of the wrapped key, big-endian
n          the data key as the key service wrapped it
12         nonce, random
the rest   ciphertext, then the 16 bytes of the tag
=========  =====================================================================================

The additional data that the tag covers is the JSON array of format, tenant, partition key, sort
key and attribute, so that a text opens only where it was put.
"""

from __future__ import annotations

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from copilot.sealing.sealer import NotAuthentic, Place

FORMAT = 1
KEY_BYTES = 32
NONCE_BYTES = 12
"""The length that GCM is made for; others are hashed first (NIST SP 800-38D, 7.1)."""
_TAG_BYTES = 16
_HEAD_BYTES = 3


class Envelope(Struct, frozen=True, kw_only=True):
    """A sealed text in its parts."""

    wrapped_key: bytes
    nonce: bytes
    ciphertext: bytes

    def encode(self) -> bytes:
        """The bytes that are stored."""
        head = bytes([FORMAT]) + len(self.wrapped_key).to_bytes(2, "big")
        return head + self.wrapped_key + self.nonce + self.ciphertext


def decode(sealed: bytes) -> Envelope:
    """Read stored bytes.

    Raises:
        NotAuthentic: they are of no format known here, or cut off.
    """
    if len(sealed) < _HEAD_BYTES or sealed[0] != FORMAT:
        raise NotAuthentic
    key_end = _HEAD_BYTES + int.from_bytes(sealed[1:_HEAD_BYTES], "big")
    nonce_end = key_end + NONCE_BYTES
    if len(sealed) < nonce_end + _TAG_BYTES:
        raise NotAuthentic
    return Envelope(
        wrapped_key=sealed[_HEAD_BYTES:key_end],
        nonce=sealed[key_end:nonce_end],
        ciphertext=sealed[nonce_end:],
    )


def encrypt(text: str, place: Place, *, key: bytes, wrapped_key: bytes, nonce: bytes) -> Envelope:
    """Seal ``text`` for ``place``. The same ``nonce`` must never be used twice with one ``key``."""
    ciphertext = AESGCM(key).encrypt(nonce, text.encode(), additional_data(place))
    return Envelope(wrapped_key=wrapped_key, nonce=nonce, ciphertext=ciphertext)


def decrypt(envelope: Envelope, place: Place, *, key: bytes) -> str:
    """Open what was sealed for ``place``.

    Raises:
        NotAuthentic: it was changed, or sealed for another place or under another key.
    """
    try:
        plain = AESGCM(key).decrypt(envelope.nonce, envelope.ciphertext, additional_data(place))
    except InvalidTag as error:
        raise NotAuthentic from error
    return plain.decode()


def additional_data(place: Place) -> bytes:
    """What the tag covers besides the text."""
    return msgspec.json.encode([FORMAT, place.tenant, place.pk, place.sk, place.attribute])
