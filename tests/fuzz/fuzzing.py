"""Damages good inputs at random and keeps those that a decoder does not survive."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.decoders import Decoder

CORPUS = Path(__file__).resolve().parent / "corpus"
MAX_BYTES = 64 * 1024
_TOKENS: tuple[bytes, ...] = (
    b"{",
    b"}",
    b"[" * 500,
    b'"',
    b"null",
    b"-1",
    b"1e999",
    b"\\ud800",
    b"\x00",
    b"\xff\xfe",
)
_TOKENS += (b"9" * 400, b"---\n", b"<![CDATA[", b"%%EOF", b"PK\x03\x04", "\u202e\u0130".encode())


def damaged(seed: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """``seed`` after one to eight random changes."""
    raw = bytearray(seed[:MAX_BYTES])
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(raw) + 1)
        match chance.randrange(6):
            case 0:
                raw[at : at + 1] = chance.randbytes(1)
            case 1:
                del raw[at : at + chance.choice((1, 4, 64, 4096))]
            case 2:
                raw[at:at] = chance.choice(_TOKENS)
            case 3:
                raw[at:at] = raw[: chance.randint(0, 64)]
            case 4:
                other = chance.choice(others)
                raw[at:] = other[chance.randrange(len(other) + 1) :][:MAX_BYTES]
            case _:
                if at < len(raw):
                    raw[at] ^= 1 << chance.randrange(8)
    return bytes(raw)


def survives(decoder: Decoder, raw: bytes) -> BaseException | None:
    """What escaped beside the refusals, if anything did."""
    try:
        decoder.read(raw)
    except decoder.refusals:
        return None
    except Exception as error:  # noqa: BLE001 - whatever escapes is what is looked for
        return error
    return None


def keep(decoder: Decoder, raw: bytes) -> Path:
    """Add an input to the corpus, which every later run begins with."""
    directory = CORPUS / decoder.name
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / hashlib.sha256(raw).hexdigest()[:16]
    path.write_bytes(raw)
    return path


def kept(decoder: Decoder) -> list[bytes]:
    """The inputs that once were not survived."""
    directory = CORPUS / decoder.name
    return [path.read_bytes() for path in sorted(directory.glob("*"))]


def nested(depth: int) -> list[bytes]:
    """JSON as deep as a frame allows, of both kinds."""
    return [b"[" * depth, b'{"a":' * depth, json.dumps({"v": 1}).encode() + b"]" * depth]
