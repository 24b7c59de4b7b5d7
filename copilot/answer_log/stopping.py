"""Ending an answer from outside its worker: a person stops it, or nobody could finish it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from copilot.answer_log.ending import Ender, Ending
from copilot.answer_log.header import LEASE_S, Fenced, Header, NotTaken, UnknownAnswer
from copilot.answer_log.header_rows import read_header, read_question, update_header
from copilot.answer_log.receipts import DAY_S
from copilot.answer_log.replay import joined_text, read_chunks
from copilot.identity import Identity
from copilot.table import Table
from copilot.wire import End, ErrorInfo, FinalState


class Stopping:
    """Cancels and fails answers. ``now`` is the wall clock in seconds."""

    def __init__(
        self,
        table: Table,
        now: Callable[[], float],
        *,
        retention_s: int = 30 * DAY_S,
        audit_s: int = 365 * DAY_S,
    ) -> None:
        self._table = table
        self._now = now
        self._ender = Ender(table=table, now=now, retention_s=retention_s, audit_s=audit_s)

    def cancel(self, identity: Identity, answer_id: str) -> tuple[Header, End | None]:
        """Ask the owner of an answer's lease to stop; end it here where nobody owns it.

        Returns the header and, when the answer has ended (now or before), its terminal event.

        Raises:
            UnknownAnswer: it does not exist or is somebody else's.
        """
        header = update_header(
            self._table,
            answer_id,
            "SET cancelled = :true",
            "attribute_exists(PK) AND tenant = :tenant AND #user = :user "
            "AND #state IN (:queued, :streaming)",
            {
                ":true": True,
                ":tenant": identity.tenant,
                ":user": identity.user,
                ":queued": "queued",
                ":streaming": "streaming",
            },
            {"#user": "user"},
        )
        if header is None:
            return self._already_ended(identity, answer_id)
        if header.is_leased(self._now()):
            return header, None
        return self._end_unowned(header, state="cancelled", reason="cancelled", error=None)

    def fail(self, answer_id: str, error: ErrorInfo) -> tuple[Header, End] | None:
        """End an answer that no worker could finish; what was written stays.

        Returns header and terminal event, or ``None`` if there is nothing to end.

        Raises:
            NotTaken: a worker that is alive owns it; ask again after ``retry_after_s``.
        """
        header = read_header(self._table, answer_id, self._now())
        if header is None or header.is_final:
            return None
        if header.is_leased(self._now()):
            raise NotTaken("leased", retry_after_s=LEASE_S)
        ended, end = self._end_unowned(header, state="error", reason="error", error=error)
        return None if end is None else (ended, end)

    # --- inside ------------------------------------------------------------------------------

    def _already_ended(self, identity: Identity, answer_id: str) -> tuple[Header, End]:
        header = read_header(self._table, answer_id, self._now())
        if header is None or not header.belongs_to(identity) or header.end is None:
            raise UnknownAnswer("There is no such answer.")
        return header, msgspec.json.decode(header.end, type=End)

    def _end_unowned(
        self, header: Header, *, state: FinalState, reason: str, error: ErrorInfo | None
    ) -> tuple[Header, End | None]:
        """End an answer without a live lease; a worker that takes it meanwhile wins."""
        chunks = read_chunks(self._table, header, 1)
        question = read_question(self._table, header.identity.tenant, header.answer_id)
        ending = Ending(
            state=state,
            finish_reason=reason,
            last_seq=header.last_seq,
            text=joined_text(chunks),
            sources=[source for chunk in chunks for source in chunk.sources],
            error=error,
        )
        try:
            end, _ = self._ender.end(
                header, ending, question.text if question else "", only_unowned=True
            )
        except Fenced:
            return header, None
        return header, end
