"""Reads an answer as far as it is written, from its conversation or from the answer log."""

from __future__ import annotations

from collections.abc import Callable

from copilot.answer_log.header import Header, UnknownAnswer
from copilot.answer_log.header_rows import owned_header, read_header
from copilot.answer_log.replay import joined_text, read_chunks
from copilot.conversations.history import Conversations
from copilot.identity import Identity
from copilot.table import Table
from http_api.answers.presenting import answer_of, end_of
from http_api.models.answers import Answer


class AnswerReading:
    """Reads answers. ``now`` is the wall clock in seconds."""

    def __init__(self, table: Table, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now
        self._conversations = Conversations(table, now)

    def owned(self, who: Identity, answer_id: str) -> Header:
        """The header of one of the caller's answers.

        Raises:
            UnknownAnswer: it does not exist, has expired, is somebody else's, or its conversation
                was deleted.
        """
        header = owned_header(self._table, who, answer_id, self._now())
        head = self._conversations.head(who, header.conversation_id)
        if head is None or head.deleted_until is not None:
            raise UnknownAnswer("There is no such answer.")
        return header

    def read(self, header: Header) -> Answer:
        """An answer with what is written of it now.

        The text of one that has ended is the conversation's; chunks live for a day only.
        """
        if header.is_final:
            turn = self._conversations.turn(
                header.identity.tenant, header.conversation_id, header.answer_id
            )
            for message in turn:
                if message.role == "assistant":
                    return answer_of(message, header.conversation_id)
        chunks = read_chunks(self._table, header, 1)
        return Answer(
            answer_id=header.answer_id,
            conversation_id=header.conversation_id,
            state=header.state,
            text=joined_text(chunks),
            sources=[source for chunk in chunks for source in chunk.sources],
            end=end_of(header.end),
        )

    def unfinished(self, answer_id: str, conversation_id: str) -> Answer:
        """An answer that its conversation does not hold: being written, or lost with its log."""
        header = read_header(self._table, answer_id, self._now())
        if header is not None:
            return self.read(header)
        return Answer(
            answer_id=answer_id,
            conversation_id=conversation_id,
            state="error",
            text="",
            sources=[],
            end=None,
        )
