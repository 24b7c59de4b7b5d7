"""Questions asked and answers read over HTTP, by polling the answer log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from copilot.access.allowance import Allowance
from copilot.access.tickets import Grant
from copilot.answer_log.answers import AnswerLog
from copilot.answer_log.asking import Asking
from copilot.answer_log.feedback import FeedbackBook
from copilot.answer_log.header import AnswerExpired, Busy, Header
from copilot.answer_log.header_rows import owned_header
from copilot.answer_log.judgement import Judgement
from copilot.answer_log.question import NewQuestion, check_question
from copilot.answer_log.replay import Chunk, read_chunks
from copilot.identifiers import new_id
from copilot.identity import Identity
from copilot.question_queue.messages import AnswerQuestion
from copilot.question_queue.sender import QueueSender
from copilot.table import Table
from copilot.wire import Accepted, Delta, Sources, Status, encode_event
from http_api.answers.reading import AnswerReading
from http_api.answers.server_sent_events import encode
from http_api.models.answers import Answer, ChatRequest, FeedbackNoted, FeedbackRequest
from http_api.services import ResumePoint

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 0.5
_PAUSE_GROWTH = 1.5
RETRY_AFTER_MS = 1_000


class TableAnswerDesk:
    """``services.AnswerDesk``. ``now`` is the wall clock in seconds, ``sleep`` waits seconds."""

    def __init__(
        self,
        table: Table,
        queue: QueueSender,
        now: Callable[[], float],
        sleep: Callable[[float], None],
        *,
        questions_per_minute: int,
        allowance: Allowance,
        retention_s: int,
        redacted: Iterable[str],
    ) -> None:
        self._table = table
        self._queue = queue
        self._now = now
        self._sleep = sleep
        self._log = AnswerLog(table, now, retention_s=retention_s)
        self._reading = AnswerReading(table, now)
        self._feedback = FeedbackBook(table, queue, now, retention_s=retention_s, redacted=redacted)
        self._asking = Asking(
            table,
            now,
            questions_per_minute=questions_per_minute,
            allowance=allowance,
            retention_s=retention_s,
            redacted=redacted,
        )

    def ask(self, grant: Grant, request: ChatRequest) -> Accepted:
        who, text = grant.identity, request.text.strip()
        check_question(text)
        client_msg_id = request.client_msg_id or new_id()
        question = NewQuestion(
            identity=who,
            connection_id=None,
            client_msg_id=client_msg_id,
            text=text,
            conversation_id=request.conversation_id,
            filters=request.filters or {},
            fresh=request.fresh,
            parent=request.parent,
            credential=grant.credential,
        )
        try:
            asked = self._asking.ask(question)
        except Busy as busy:
            if busy.stalled is not None:
                self._revive(busy.stalled)
            raise
        if asked.enqueue:
            self._queue.send(AnswerQuestion(answer_id=asked.answer_id), who.tenant)
        return Accepted(
            client_msg_id=client_msg_id,
            answer_id=asked.answer_id,
            conversation_id=asked.conversation_id,
        )

    def wait(self, who: Identity, answer_id: str, wait_s: float) -> Answer:
        *_, last = self._headers(self._reading.owned(who, answer_id), wait_s)
        answer = self._reading.read(last)
        return answer.model_copy(update={"retry_after_ms": None if answer.end else RETRY_AFTER_MS})

    def events(
        self, who: Identity, answer_id: str, after: ResumePoint, wait_s: float
    ) -> Iterator[str]:
        first = self._reading.owned(who, answer_id)
        epoch, seq, told = after.epoch, after.seq, False
        for header in self._headers(first, wait_s):
            if header.epoch != epoch:
                epoch, seq = header.epoch, 0
            if header.state == "queued" and not told:
                told = True
                queued = encode_event(Status(answer_id=answer_id, stage="queued")).decode()
                yield encode("status", queued)
            for chunk in self._chunks(header, seq + 1):
                yield _event_of(header, chunk)
            seq = max(seq, header.last_seq)
            if header.end is not None:
                yield encode("end", header.end, f"{epoch}.{seq}")
                return
        yield encode("continue", _continuation(answer_id, epoch, seq))

    def note(self, who: Identity, answer_id: str, feedback: FeedbackRequest) -> FeedbackNoted:
        judgement = Judgement(
            rating=feedback.rating, reason=feedback.reason, comment=feedback.comment
        )
        self._feedback.note(who, answer_id, judgement)
        return FeedbackNoted(answer_id=answer_id, rating=feedback.rating)

    # --- inside ------------------------------------------------------------------------------

    def _headers(self, header: Header, wait_s: float) -> Iterator[Header]:
        """The header, again and again, until it is final or ``wait_s`` have passed."""
        until, pause = self._now() + wait_s, _FIRST_PAUSE_S
        while True:
            yield header
            if header.is_final:
                return
            self._revive(header)
            if self._now() + pause > until:
                return
            self._sleep(pause)
            pause = min(pause * _PAUSE_GROWTH, _LONGEST_PAUSE_S)
            header = owned_header(self._table, header.identity, header.answer_id, self._now())

    def _revive(self, header: Header) -> None:
        """Put an answer that nobody writes on the queue again."""
        fresh = header.state == "queued" and self._now() - header.created < 1
        if not fresh and self._log.is_orphaned(header):
            self._queue.send(AnswerQuestion(answer_id=header.answer_id), header.identity.tenant)

    def _chunks(self, header: Header, from_seq: int) -> list[Chunk]:
        chunks = read_chunks(self._table, header, from_seq)
        if len(chunks) != max(0, header.last_seq - from_seq + 1):
            raise AnswerExpired("This answer can no longer be streamed; ask for it as JSON.")
        return chunks


def _event_of(header: Header, chunk: Chunk) -> str:
    answer_id, epoch, seq = header.answer_id, header.epoch, chunk.seq
    if chunk.sources:
        items = chunk.sources
        found = Sources(answer_id=answer_id, epoch=epoch, seq=seq, items=items)
        return encode("sources", encode_event(found).decode(), f"{epoch}.{seq}")
    delta = Delta(answer_id=answer_id, epoch=epoch, seq=seq, text=chunk.text)
    return encode("delta", encode_event(delta).decode(), f"{epoch}.{seq}")


def _continuation(answer_id: str, epoch: int, seq: int) -> str:
    event = {
        "type": "continue",
        "answer_id": answer_id,
        "epoch": epoch,
        "seq": seq,
        "retry_after_ms": RETRY_AFTER_MS,
    }
    return msgspec.json.encode(event).decode()
