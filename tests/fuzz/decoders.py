"""Everything that reads bytes of others: what it reads, and how it may refuse."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from copilot import wire
from copilot.index_bundle.manifest import MANIFEST_NAME, IndexUnusable, read_manifest
from copilot.index_bundle.pointer import IndexPointer, decode_pointer, encode_pointer
from copilot.question_queue.messages import BadQueueMessage, decode_message
from copilot.sealing import envelope
from copilot.sealing.sealer import NotAuthentic
from embed.loaders.docx import BrokenDocx, load_docx
from embed.loaders.front_matter import BadFrontMatter
from embed.loaders.html import load_html
from embed.loaders.markdown import load_markdown
from embed.loaders.pdf import BrokenPdf, load_pdf
from embed.loaders.plain_text import load_text
from embed.uploaded import BadNotification, keys_of
from http_api.cursors import decode_cursor
from http_api.problems import ProblemError
from http_api.sign_in.api_keys import ApiKeys
from http_api.sign_in.cognito import CognitoTokens
from http_api.sign_in.verifier import NotSignedIn, SignInUnavailable
from inference.chat_models.event_stream import EventReader

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ROOT / "corpus" / "documents"


@dataclass(frozen=True)
class Decoder:
    """``read`` returns for good bytes and raises one of ``refusals`` for bad ones; ``seeds`` are
    good ones, which are damaged at random."""

    name: str
    read: Callable[[bytes], Any]
    refusals: tuple[type[Exception], ...]
    seeds: Callable[[], list[bytes]]


def _manifest(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / MANIFEST_NAME).write_bytes(raw)
        read_manifest(Path(directory))


def _text(load: Callable[[str], Any]) -> Callable[[bytes], Any]:
    return lambda raw: load(raw.decode("utf-8", "replace"))


def _golden(side: str) -> Callable[[], list[bytes]]:
    def read() -> list[bytes]:
        lines = [
            msgspec.json.decode(line)
            for file in sorted((ROOT / "events" / "wire").glob("*.jsonl"))
            for line in file.read_bytes().splitlines()
        ]
        return [msgspec.json.encode(line[side]) for line in lines if side in line]

    return read


def _documents(ending: str) -> Callable[[], list[bytes]]:
    return lambda: [path.read_bytes() for path in sorted(DOCUMENTS.rglob(f"*{ending}"))[:3]]


def _events(raw: bytes) -> None:
    EventReader().feed(raw)


def _api_key(raw: bytes) -> None:
    ApiKeys(lambda: '{"keys": []}', lambda: 0.0).verify(raw.decode("latin-1"))


def _secret(raw: bytes) -> None:
    key = f"ec_ci_{'A' * 43}"
    ApiKeys(lambda: raw.decode("utf-8", "replace"), lambda: 0.0).verify(key)


def _id_token(raw: bytes) -> None:
    # Nothing listens at port 9: a token that gets as far as its key finds the pool out of reach.
    CognitoTokens("http://127.0.0.1:9", "client", lambda: 0.0).verify(raw.decode("latin-1"))


def _constant(*seeds: bytes) -> Callable[[], list[bytes]]:
    return lambda: list(seeds)


DECODERS = (
    Decoder("client-message", wire.decode_client, (wire.ProtocolError,), _golden("client")),
    Decoder("server-event", wire.decode_event, (msgspec.DecodeError,), _golden("server")),
    Decoder(
        "queue-message",
        _text(decode_message),
        (BadQueueMessage,),
        _constant(
            b'{"v": 1, "answer_id": "01jd0000000000000000000000"}',
            b'{"kind": "forget_user", "v": 1, "tenant": "t", "user": "u"}',
        ),
    ),
    Decoder(
        "index-manifest",
        _manifest,
        (IndexUnusable,),
        lambda: [(ROOT / "faiss_index" / MANIFEST_NAME).read_bytes()],
    ),
    Decoder(
        "cursor",
        lambda raw: decode_cursor(raw.decode("latin-1"), tuple[int, str]),
        (ProblemError,),
        _constant(b"WzEsImEiXQ", b"WzAsIiJd"),
    ),
    Decoder(
        "model-stream",
        _events,
        (ValueError,),
        _constant(b"data: {}\n\n"),
    ),
    Decoder("api-key", _api_key, (NotSignedIn,), _constant(b"ec_ci_" + b"A" * 43)),
    Decoder(
        "secret",
        _secret,
        (NotSignedIn, SignInUnavailable),
        _constant(b'{"keys": [{"id": "ci", "sha256": "00", "tenant": "t", "user": "u"}]}'),
    ),
    Decoder(
        "id-token",
        _id_token,
        (NotSignedIn, SignInUnavailable),
        _constant(b".".join([b"eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ", b"eyJzdWIiOiJhIn0", b"AAAA"])),
    ),
    Decoder(
        "index-pointer",
        decode_pointer,
        (IndexUnusable,),
        _constant(
            encode_pointer(
                IndexPointer(
                    version=f"{'0' * 16}-{'0' * 12}",
                    manifest_sha256="0" * 64,
                    published_at=1_800_000_000_000,
                )
            )
        ),
    ),
    Decoder(
        "upload-notification",
        _text(keys_of),
        (BadNotification,),
        _constant(
            b'{"Records": [{"eventName": "ObjectCreated:Put", '
            b'"s3": {"object": {"key": "finance/a+b%C3%A4.pdf"}}}]}'
        ),
    ),
    Decoder(
        "sealed-text",
        envelope.decode,
        (NotAuthentic,),
        _constant(bytes([envelope.FORMAT, 0, 4]) + b"key!" + bytes(40)),
    ),
    Decoder("markdown", _text(load_markdown), (BadFrontMatter,), _documents(".md")),
    Decoder("html", _text(load_html), (BadFrontMatter,), _documents(".html")),
    Decoder("plain-text", _text(load_text), (BadFrontMatter,), _documents(".txt")),
    Decoder("pdf", load_pdf, (BrokenPdf,), _documents(".pdf")),
    Decoder("docx", load_docx, (BrokenDocx,), _documents(".docx")),
)
