"""What the routes ask to be done, by subject. The adapters are the ``desk`` modules of the rooms.

Every method raises ``ProblemError`` or one of ``copilot``'s errors where it cannot serve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from copilot.access.tickets import Grant
from copilot.identity import Identity
from copilot.wire import Accepted
from http_api.models.account import DeletedRows
from http_api.models.answers import Answer, ChatRequest, FeedbackNoted, FeedbackRequest
from http_api.models.base import Health
from http_api.models.conversations import (
    Conversation,
    ConversationChange,
    ConversationPage,
    ConversationSummary,
    DeletedConversation,
    NewConversation,
    SearchPage,
)
from http_api.models.documents import ChunkInContext, ChunkPage, Document, DocumentPage
from http_api.models.insights import Insights
from http_api.models.sign_in import ClosedConnections, Ticket

ExportFormat = Literal["markdown", "json"]


@dataclass(frozen=True, slots=True)
class Export:
    """A file to download."""

    name: str
    content_type: str
    text: str


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """The last event that a client of the event stream has."""

    epoch: int = 0
    seq: int = 0


class ConversationDesk(Protocol):
    """Conversations of one person."""

    def page(self, who: Identity, cursor: str | None, limit: int) -> ConversationPage: ...

    def create(self, who: Identity, new: NewConversation) -> ConversationSummary: ...

    def get(self, who: Identity, conversation_id: str) -> Conversation: ...

    def change(
        self, who: Identity, conversation_id: str, change: ConversationChange
    ) -> ConversationSummary: ...

    def delete(self, who: Identity, conversation_id: str) -> DeletedConversation: ...

    def restore(self, who: Identity, conversation_id: str) -> ConversationSummary: ...

    def export(
        self, who: Identity, conversation_id: str, form: ExportFormat, leaf: str | None
    ) -> Export: ...

    def search(self, who: Identity, query: str, cursor: str | None, limit: int) -> SearchPage: ...


class AnswerDesk(Protocol):
    """Questions and their answers."""

    def ask(self, grant: Grant, request: ChatRequest) -> Accepted: ...

    def wait(self, who: Identity, answer_id: str, wait_s: float) -> Answer: ...

    def events(
        self, who: Identity, answer_id: str, after: ResumePoint, wait_s: float
    ) -> Iterator[str]: ...

    def note(self, who: Identity, answer_id: str, feedback: FeedbackRequest) -> FeedbackNoted: ...


class DocumentDesk(Protocol):
    """The indexed documents, as far as a person may see them."""

    def health(self) -> Health: ...

    def page(
        self, who: Identity, query: str | None, cursor: str | None, limit: int
    ) -> DocumentPage: ...

    def get(self, who: Identity, document: str) -> Document: ...

    def chunks(self, who: Identity, document: str, cursor: str | None, limit: int) -> ChunkPage: ...

    def chunk(
        self, who: Identity, document: str, n: str, start: int | None, end: int | None
    ) -> ChunkInContext: ...


class InsightDesk(Protocol):
    """Figures of what was asked."""

    def insights(self, who: Identity, days: int) -> Insights: ...


class AccountDesk(Protocol):
    """Everything of one person."""

    def forget(self, who: Identity) -> DeletedRows: ...


class SignInDesk(Protocol):
    """Sockets: the right to open one, and the end of them all."""

    def ticket(self, grant: Grant) -> Ticket: ...

    def log_out(self, who: Identity) -> ClosedConnections: ...


@dataclass(frozen=True, slots=True)
class Services:
    """The desks of one process; ``authenticate`` says who calls, by the headers."""

    authenticate: Callable[[Mapping[str, str]], Grant]
    conversations: ConversationDesk
    answers: AnswerDesk
    documents: DocumentDesk
    insights: InsightDesk
    account: AccountDesk
    sign_in: SignInDesk
