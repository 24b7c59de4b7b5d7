"""What the API takes and gives. Times named ``*_at`` are milliseconds since 1970."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from copilot.documents.status import State as DocumentState
from copilot.wire import MAX_QUESTION_CHARS, AnswerState, FeedbackReason
from http_api.wire_types import End, Source

ID_PATTERN = r"^[A-Za-z0-9_-]+$"
MAX_TITLE_CHARS = 200
MAX_COMMENT_CHARS = 2_000

Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=ID_PATTERN)]
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TITLE_CHARS)
]
Count = Annotated[int, Field(ge=0)]
Milliseconds = Annotated[int, Field(ge=0, description="Milliseconds since 1970, UTC.")]
Rating = Literal["up", "down"]


class Model(BaseModel):
    """Base of all models: immutable, and a field with a default is always present in a response."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_serialization_defaults_required=True,
        # A value that does not fit a model is somebody's text; its error goes to the log.
        hide_input_in_errors=True,
    )


class Request(Model):
    """Base of request bodies: unknown fields are refused, so that a typing error is noticed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(BaseModel):
    """An error (RFC 9457). ``code`` is for programs, ``detail`` says what to do."""

    model_config = ConfigDict(frozen=True)

    type: Literal["about:blank"] = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    retry_after_ms: int | None = None


class Health(Model):
    """The API runs and reads its index."""

    status: Literal["ok"] = "ok"
    corpus_version: str


# --- conversations --------------------------------------------------------------------------------


class _ConversationHead(Model):
    conversation_id: str
    title: str
    created_at: Milliseconds
    updated_at: Milliseconds
    pinned: bool
    active_answer: str | None


class ConversationSummary(_ConversationHead):
    """A conversation without its turns, of which ``turns`` is the number over all branches;
    ``active_answer`` is the answer being written, if any."""

    turns: Count


class ConversationPage(Model):
    """Pinned conversations first, each kind newest first."""

    items: list[ConversationSummary]
    next_cursor: str | None


class TurnFeedback(Model):
    """What the person said of an answer."""

    rating: Rating
    reason: FeedbackReason | None = None
    comment: str | None = None


class Turn(Model):
    """A question and its answer. ``parent`` is the turn that it follows, ``root`` for a first."""

    answer_id: str
    parent: str
    question: str
    asked_at: Milliseconds
    state: AnswerState
    text: str
    sources: list[Source]
    end: End | None
    feedback: TurnFeedback | None


class Conversation(_ConversationHead):
    """A conversation with the turns of all its branches, oldest first; ``leaf`` is the newest."""

    leaf: str | None
    turns: list[Turn]


class NewConversation(Request):
    """An empty conversation; asking a question makes one as well."""

    title: Title | None = None


class ConversationChange(Request):
    """What to change; what is left out stays."""

    title: Title | None = None
    pinned: bool | None = None


class DeletedConversation(Model):
    """Hidden at once, gone after ``undo_until``."""

    conversation_id: str
    undo_until: Milliseconds


class SearchHit(Model):
    """A place in a conversation. ``marks`` are character spans of ``excerpt``."""

    conversation_id: str
    title: str
    answer_id: str | None
    where: Literal["title", "question", "answer"]
    excerpt: str
    marks: list[tuple[int, int]]
    at: Milliseconds


class SearchPage(Model):
    """Hits in the newest conversations first. A page may be empty and still have a next one."""

    items: list[SearchHit]
    next_cursor: str | None


# --- answers --------------------------------------------------------------------------------------


class ChatRequest(Request):
    """A question. ``parent`` is the turn it follows (``root``: a new first turn); left out, it is
    the newest of the conversation. ``fresh`` skips the semantic cache."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_QUESTION_CHARS)]
    conversation_id: Id | None = None
    parent: Id | None = None
    filters: dict[str, str] | None = None
    fresh: bool = False
    client_msg_id: Id | None = None


class Answer(Model):
    """An answer as far as it is written; ``retry_after_ms`` says when to ask again, if at all."""

    answer_id: str
    conversation_id: str
    state: AnswerState
    text: str
    sources: list[Source]
    end: End | None
    retry_after_ms: int | None = None


class FeedbackRequest(Request):
    """A judgement of an answer; ``rating: null`` withdraws it."""

    rating: Rating | None
    reason: FeedbackReason | None = None
    comment: Annotated[str, StringConstraints(max_length=MAX_COMMENT_CHARS)] | None = None


class FeedbackNoted(Model):
    """What is stored now."""

    answer_id: str
    rating: Rating | None


# --- documents ------------------------------------------------------------------------------------


class _DocumentHead(Model):
    document: str
    title: str
    url: str | None
    format: str
    date: str | None
    groups: list[str]
    pages: int | None
    characters: Count


class DocumentSummary(_DocumentHead):
    """A document; ``document`` is its id, as in ``Source.document``. ``sections`` and ``chunks``
    are numbers of them. Answers come from those that are in the index, which have chunks.

    ``status`` says how far an uploaded document has come, since ``status_at``, and ``reason`` why
    it failed or waits; what was not uploaded is ``indexed``."""

    sections: Count
    chunks: Count
    status: DocumentState
    status_at: Milliseconds | None
    reason: str | None


class DocumentPage(Model):
    """What is indexed, as far as the caller may see it, after what is not indexed yet, or failed,
    or was removed today."""

    corpus_version: str
    model: str
    built_at: Milliseconds | None
    items: list[DocumentSummary]
    next_cursor: str | None


class Section(Model):
    """A section of a document; ``start`` is the character at which its first chunk begins."""

    title: str
    start: Count


class Document(_DocumentHead):
    """A document with its sections."""

    sections: list[Section]
    chunk_count: Count


class Chunk(Model):
    """One indexed passage. ``n`` counts from 0 within the document; ``start``/``end`` are
    characters of the document's text."""

    n: Count
    chunk_id: str
    start: Count
    end: Count
    page: int | None
    section: str | None
    text: str


class ChunkPage(Model):
    """Chunks in the order of the document."""

    items: list[Chunk]
    next_cursor: str | None


class Span(Model):
    """Characters of the document's text."""

    start: Count
    end: Count


class ChunkInContext(Model):
    """A chunk between its neighbours; ``span`` is the asked-for part that lies in ``chunk``."""

    chunk: Chunk
    before: Chunk | None
    after: Chunk | None
    span: Span | None


# --- insights -------------------------------------------------------------------------------------


class Percentiles(Model):
    """Milliseconds, within 1 % of the exact value (see docs/http-api.md)."""

    p50: float
    p95: float


class Figures(Model):
    """Sums over questions that have ended; ``None`` where nothing was measured."""

    questions: Count
    done: Count
    errors: Count
    cancelled: Count
    truncated: Count
    abstained: Count
    cache_hits: Count
    up: Count
    down: Count
    cost_usd: float
    prompt_tokens: Count
    completion_tokens: Count
    first_token_ms: Percentiles | None
    total_ms: Percentiles | None


class InsightsDay(Figures):
    """The figures of the questions asked on one day (UTC)."""

    day: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class TopQuestion(Model):
    """A question that was asked most, spelled as it was asked last."""

    question: str
    count: Count
    cache_hits: Count
    last_at: Milliseconds


class FailedQuestion(Model):
    """A question whose answer ended in an error, was cut short or stopped, or abstained."""

    question: str
    state: Literal["error", "truncated", "cancelled", "abstained"]
    code: str | None
    answer_id: str
    conversation_id: str
    at: Milliseconds


class Insights(Model):
    """Figures of the last days, each day once, oldest first."""

    from_day: str
    to_day: str
    days: list[InsightsDay]
    totals: Figures
    top_questions: list[TopQuestion]
    failed_questions: list[FailedQuestion]


# --- signing in -----------------------------------------------------------------------------------


class Ticket(Model):
    """A ticket for one handshake. Its socket serves its person for ``sign_in_lasts_s``, unless
    the message ``auth`` brings another ticket before."""

    ticket: str
    expires_in_s: Count
    sign_in_lasts_s: Count


class ClosedConnections(Model):
    """How many sockets were closed."""

    closed_connections: Count


class DeletedRows(Model):
    """How many rows were deleted."""

    deleted_rows: Count
