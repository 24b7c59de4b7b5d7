"""The wire protocol: every client message and server event, once. It never touches a socket.

Frames are JSON text. Client messages are tagged by ``action`` (the route key of the WebSocket
API), server events by ``type``. ``python -m copilot.wire`` prints the JSON Schema from which the
page's TypeScript types are generated.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

MAX_FRAME_BYTES = 32 * 1024
"""Largest client message; API Gateway itself takes frames to 32 KB and messages to 128 KB."""

MAX_QUESTION_CHARS = 4_000
MAX_DELTA_BYTES = 8 * 1024
MAX_SNAPSHOT_BYTES = 24 * 1024

Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Seq = Annotated[int, Meta(ge=0)]
Epoch = Annotated[int, Meta(ge=0)]
Stage = Literal["queued", "waking", "retrieving", "thinking"]
FeedbackReason = Literal["wrong", "incomplete", "citation", "outdated", "unsafe", "other"]
CacheDecision = Literal["hit", "miss", "bypass"]
LiveState = Literal["queued", "streaming"]
FinalState = Literal["done", "cancelled", "truncated", "error"]
AnswerState = Literal["queued", "streaming", "done", "cancelled", "truncated", "error"]

FINAL_STATES: frozenset[str] = frozenset({"done", "cancelled", "truncated", "error"})


# --- client -> server -----------------------------------------------------------------------------


class ClientMessage(Struct, tag_field="action", kw_only=True, omit_defaults=True, frozen=True):
    """Common part of what a client may send; ``v`` is the protocol version."""

    v: Literal[1] = 1


class Hello(ClientMessage, tag="hello", frozen=True):
    """First frame after connecting; answered by ``welcome``."""

    client_id: Id


class Ask(ClientMessage, tag="message", frozen=True):
    """A question. ``text`` or its short form ``data`` holds it; ``text`` wins when both are given.

    ``client_msg_id`` makes the question idempotent; without one the server derives one from the
    API Gateway message id, so that only that very frame is deduplicated.
    """

    client_msg_id: Id | None = None
    text: str | None = None
    data: str | None = None
    conversation_id: Id | None = None
    filters: dict[str, str] | None = None
    fresh: bool = False
    parent: Id | None = None

    @property
    def question(self) -> str:
        """The question as sent, surrounding whitespace removed; empty if there is none."""
        return (self.text if self.text is not None else self.data or "").strip()


class Resume(ClientMessage, tag="resume", frozen=True):
    """Asks for everything of an answer after ``(epoch, after_seq)``, then the live events."""

    answer_id: Id
    epoch: Epoch = 0
    after_seq: Seq = 0


class Cancel(ClientMessage, tag="cancel", frozen=True):
    """Stops an answer; what was streamed so far is kept."""

    answer_id: Id


class Feedback(ClientMessage, tag="feedback", frozen=True):
    """A person's judgement of a finished answer."""

    answer_id: Id
    rating: Literal["up", "down"]
    reason: FeedbackReason | None = None
    comment: Annotated[str, Meta(max_length=2_000)] | None = None


class Auth(ClientMessage, tag="auth", frozen=True):
    """A renewed token for a connection that outlives its first one."""

    token: Annotated[str, Meta(max_length=8_192)]


class Ping(ClientMessage, tag="ping", frozen=True):
    """Keeps the connection alive; ``t`` is the client's own clock in milliseconds."""

    t: float = 0


AnyClientMessage = Hello | Ask | Resume | Cancel | Feedback | Auth | Ping
ACTIONS: frozenset[str] = frozenset(
    {"hello", "message", "resume", "cancel", "feedback", "auth", "ping"}
)


# --- server -> client -----------------------------------------------------------------------------


class Limits(Struct, kw_only=True, frozen=True):
    """What the server accepts, so that a client can refuse early."""

    question_chars: int = MAX_QUESTION_CHARS
    frame_bytes: int = MAX_FRAME_BYTES
    questions_per_minute: int


class Source(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One retrieved passage as shown to a person; ``id`` is its citation number as text ("1")."""

    id: str
    title: str
    snippet: str
    score: float
    document: str
    chunk_id: str
    url: str | None = None
    page: int | None = None
    section: str | None = None


class Citation(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One marker of the answer resolved to its passage.

    ``at`` is the character offset of the marker in the answer; ``start``/``end`` the character
    span of the supporting text in the document.
    """

    source_id: str
    document: str
    chunk_id: str
    at: int
    quote: str
    start: int
    end: int
    page: int | None = None
    section: str | None = None


class Flag(Struct, kw_only=True, frozen=True):
    """A part of the answer that the server could not confirm; ``start``/``end`` are its characters.

    ``unsupported``: a sentence that the passages it cites do not say. ``figure``: a number, sum of
    money, percentage or date that occurs in no cited passage.
    """

    kind: Literal["unsupported", "figure"]
    start: int
    end: int
    text: str


class StageTime(Struct, kw_only=True, frozen=True):
    """One stage of a turn and the wall-clock milliseconds it took."""

    name: str
    ms: float


class Tokens(Struct, kw_only=True, frozen=True):
    """Token counts as reported by the model (estimated where it reports none)."""

    prompt: int = 0
    completion: int = 0


class CacheReceipt(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What the semantic cache decided and why; ``score`` is the cosine of the nearest entry.

    ``entry`` names the entry that a hit was served from; it says nothing to anyone but the cache.
    """

    decision: CacheDecision
    reason: str = ""
    score: float | None = None
    entry: str | None = None


class Receipt(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What an answer took: shown to the person and stored with the answer."""

    model: str
    corpus_version: str
    cache: CacheReceipt
    stages: list[StageTime]
    tokens: Tokens
    posts: int = 0
    sources: int = 0
    first_token_ms: float | None = None
    total_ms: float | None = None
    cost_usd: float | None = None
    standalone_question: str | None = None


class ErrorInfo(Struct, kw_only=True, frozen=True):
    """Why an answer ended in ``error``; ``retryable`` says whether asking again may help."""

    code: str
    message: str
    retryable: bool


class ServerEvent(Struct, tag_field="type", kw_only=True, omit_defaults=True, frozen=True):
    """Common base of everything a server sends."""


class Welcome(ServerEvent, tag="welcome", frozen=True):
    limits: Limits
    server_time: float
    heartbeat_s: int
    user: str


class Accepted(ServerEvent, tag="accepted", frozen=True):
    client_msg_id: str
    answer_id: str
    conversation_id: str


class Rejected(ServerEvent, tag="rejected", frozen=True):
    client_msg_id: str
    code: str
    message: str
    retry_after_ms: int | None = None


class Status(ServerEvent, tag="status", frozen=True):
    """Progress before the first token; unsequenced, may be lost."""

    answer_id: str
    stage: Stage


class Start(ServerEvent, tag="start", frozen=True):
    """A worker has begun (or begun again, with a higher epoch) to answer."""

    answer_id: str
    epoch: int
    cache: CacheDecision


class Sources(ServerEvent, tag="sources", frozen=True):
    answer_id: str
    epoch: int
    seq: int
    items: list[Source]


class Delta(ServerEvent, tag="delta", frozen=True):
    answer_id: str
    epoch: int
    seq: int
    text: str


class Snapshot(ServerEvent, tag="snapshot", frozen=True):
    """One page of what is stored: the deltas of exactly ``from_seq..to_seq``, joined.

    An empty page has ``to_seq == from_seq - 1``. ``sources`` holds those sent within the range.
    """

    answer_id: str
    epoch: int
    from_seq: int
    to_seq: int
    text: str
    sources: list[Source]
    state: AnswerState
    more: bool


class End(ServerEvent, tag="end", frozen=True):
    """The one terminal event; ``sha256`` is the hex digest of the answer's UTF-8 text."""

    answer_id: str
    epoch: int
    last_seq: int
    state: FinalState
    finish_reason: str
    sha256: str
    citations: list[Citation]
    receipt: Receipt | None = None
    error: ErrorInfo | None = None
    flags: list[Flag] = []


class Pong(ServerEvent, tag="pong", frozen=True):
    t: float


class Noted(ServerEvent, tag="noted", frozen=True):
    answer_id: str


class Error(ServerEvent, tag="error", frozen=True):
    """A frame that could not be served; ``ref`` names what it referred to, when known."""

    code: str
    message: str
    ref: str | None = None


AnyServerEvent = (
    Welcome
    | Accepted
    | Rejected
    | Status
    | Start
    | Sources
    | Delta
    | Snapshot
    | End
    | Pong
    | Noted
    | Error
)


# --- coding ---------------------------------------------------------------------------------------


class ProtocolError(ValueError):
    """A client frame that cannot be decoded; ``code`` and ``message`` go to the client."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


_client_decoder: msgspec.json.Decoder[AnyClientMessage] = msgspec.json.Decoder(AnyClientMessage)
_server_decoder: msgspec.json.Decoder[AnyServerEvent] = msgspec.json.Decoder(AnyServerEvent)
_encoder = msgspec.json.Encoder()


def decode_client(frame: str | bytes) -> AnyClientMessage:
    """Decode one client frame.

    Raises:
        ProtocolError: ``frame_too_large``, ``bad_json``, ``unknown_action`` or ``bad_message``.
    """
    raw = frame.encode(errors="replace") if isinstance(frame, str) else frame
    if len(raw) > MAX_FRAME_BYTES:
        raise ProtocolError(
            "frame_too_large",
            f"Frames are limited to {MAX_FRAME_BYTES} bytes; this has {len(raw)}.",
        )
    try:
        return _client_decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise _explain(raw, error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError("bad_json", "The frame is not valid JSON.") from error


def _explain(raw: bytes, error: msgspec.ValidationError) -> ProtocolError:
    try:
        value: Any = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ProtocolError("bad_json", "The frame is not valid JSON.")
    if not isinstance(value, dict):
        return ProtocolError("bad_message", "A frame must be a JSON object with an action.")
    action = value.get("action")
    if not isinstance(action, str) or action not in ACTIONS:
        return ProtocolError(
            "unknown_action", f"Unknown action; known are {', '.join(sorted(ACTIONS))}."
        )
    return ProtocolError("bad_message", f"The {action} message is malformed: {error}.")


def encode_client(message: AnyClientMessage) -> bytes:
    """Encode a client message to UTF-8 JSON."""
    return _encoder.encode(message)


def encode_event(event: AnyServerEvent) -> bytes:
    """Encode a server event to UTF-8 JSON."""
    return _encoder.encode(event)


def decode_event(frame: str | bytes) -> AnyServerEvent:
    """Decode one server frame.

    Raises:
        msgspec.DecodeError: the frame is not a server event of this protocol version.
    """
    try:
        return _server_decoder.decode(frame)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error


def json_schema() -> dict[str, Any]:
    """The whole protocol as one JSON Schema document with ``ClientMessage`` and ``ServerEvent``."""
    (client, server), components = msgspec.json.schema_components(
        [AnyClientMessage, AnyServerEvent], ref_template="#/$defs/{name}"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Wire",
        "type": "object",
        "properties": {
            "client": {"$ref": "#/$defs/ClientMessage"},
            "server": {"$ref": "#/$defs/ServerEvent"},
        },
        "$defs": {
            **components,
            "ClientMessage": {"title": "ClientMessage", **client},
            "ServerEvent": {"title": "ServerEvent", **server},
        },
    }


if __name__ == "__main__":
    import json
    import sys

    sys.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")
