"""The desk behind the routes: the answer log, the connections and the queue, on AWS clients."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from copilot.access.allowance import Allowance
from copilot.access.connections import Connections
from copilot.access.tickets import TicketRefused, Tickets
from copilot.answer_log.answers import AnswerLog
from copilot.answer_log.asking import Asking
from copilot.answer_log.feedback import FeedbackBook
from copilot.answer_log.header import Header
from copilot.answer_log.judgement import Judgement
from copilot.answer_log.question import Asked, NewQuestion
from copilot.answer_log.replay import replay
from copilot.answer_log.stopping import Stopping
from copilot.identity import Identity
from copilot.question_queue.messages import AnswerQuestion
from copilot.question_queue.sender import QueueSender
from copilot.table import Table
from copilot.wire import End, Snapshot
from websocket_handler.routes import Caller

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient


class AwsDesk:
    """Does what the routes decide. ``now`` is the wall clock in seconds."""

    def __init__(
        self,
        table: Table,
        sqs: SQSClient,
        queue_url: str,
        now: Callable[[], float],
        *,
        questions_per_minute: int,
        allowance: Allowance,
        retention_s: int,
        audit_s: int,
        redacted: Iterable[str],
    ) -> None:
        self._table = table
        self._queue = QueueSender(sqs, queue_url)
        self._connections = Connections(table, now)
        self._tickets = Tickets(table, now)
        self._log = AnswerLog(table, now, retention_s=retention_s)
        self._stopping = Stopping(table, now, retention_s=retention_s, audit_s=audit_s)
        self._asking = Asking(
            table,
            now,
            questions_per_minute=questions_per_minute,
            allowance=allowance,
            retention_s=retention_s,
            redacted=redacted,
        )
        self._feedback = FeedbackBook(
            table, self._queue, now, retention_s=retention_s, redacted=redacted
        )

    def identify(self, caller: Caller, client_id: str) -> Caller:
        connection = self._connections.identify(
            self._connections.get(caller.connection_id), client_id
        )
        return Caller(
            connection_id=caller.connection_id,
            identity=connection.identity,
            credential=connection.credential,
        )

    def renew(self, caller: Caller, ticket: str) -> Caller:
        """Extend a connection's sign-in with a fresh ticket of the same person.

        Raises:
            TicketRefused: not valid, or somebody else's.
        """
        grant = self._tickets.redeem(ticket)
        connection = self._connections.get(caller.connection_id)
        if grant.identity != connection.identity:
            raise TicketRefused("This ticket is somebody else's; connect again with it.")
        self._connections.renew(connection, grant.expires_at, grant.credential)
        return Caller(
            connection_id=caller.connection_id,
            identity=connection.identity,
            credential=grant.credential,
        )

    def ask(self, question: NewQuestion) -> Asked:
        return self._asking.ask(question)

    def enqueue(self, answer_id: str, tenant: str) -> None:
        self._queue.send(AnswerQuestion(answer_id=answer_id), tenant)

    def subscribe(self, caller: Caller, answer_id: str) -> Header:
        return self._asking.subscribe(caller.identity, answer_id, caller.connection_id)

    def is_orphaned(self, header: Header) -> bool:
        return self._log.is_orphaned(header)

    def replay(self, header: Header, epoch: int, after_seq: int) -> list[Snapshot | End]:
        return replay(self._table, header, epoch=epoch, after_seq=after_seq)

    def cancel(self, identity: Identity, answer_id: str) -> tuple[Header, End | None]:
        return self._stopping.cancel(identity, answer_id)

    def note(self, identity: Identity, answer_id: str, judgement: Judgement) -> None:
        self._feedback.note(identity, answer_id, judgement)
