"""How an answer ends: state, text into its conversation and its release, in one transaction."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from copilot.access.allowance import Usage, free_slot
from copilot.answer_log.audit import audit_put
from copilot.answer_log.header import Fenced, Header
from copilot.answer_log.header_rows import read_header
from copilot.answer_log.receipts import outdate, receipt_item
from copilot.conversations.history import Message, message_item
from copilot.errors import RequestError
from copilot.sealing.sealer import SealError
from copilot.table import (
    HEADER_SK,
    HEADER_TTL_S,
    META_SK,
    Table,
    answer_pk,
    conversation_pk,
    encode,
    key,
)
from copilot.wire import Citation, End, ErrorInfo, FinalState, Flag, Receipt, Source, encode_event

_Writes = list[dict[str, Any]]

logger = logging.getLogger(__name__)


class Ending(Struct, frozen=True, kw_only=True):
    """How an answer ends; ``text`` is the whole text of the epoch."""

    state: FinalState
    finish_reason: str
    last_seq: int
    text: str
    citations: list[Citation] = []
    flags: list[Flag] = []
    sources: list[Source] = []
    receipt: Receipt | None = None
    error: ErrorInfo | None = None

    def event(self, answer_id: str, epoch: int) -> End:
        """The terminal event of this ending."""
        return End(
            answer_id=answer_id,
            epoch=epoch,
            last_seq=self.last_seq,
            state=self.state,
            finish_reason=self.finish_reason,
            sha256=hashlib.sha256(self.text.encode()).hexdigest(),
            citations=self.citations,
            receipt=self.receipt,
            error=self.error,
            flags=self.flags,
        )


class Ender(Struct, frozen=True, kw_only=True):
    """Ends answers of one table; ``retention_s`` is how long conversations are kept, ``audit_s``
    the audit trail."""

    table: Table
    now: Callable[[], float]
    retention_s: int
    audit_s: int

    def end(
        self, header: Header, ending: Ending, question: str, *, only_unowned: bool = False
    ) -> tuple[End, frozenset[str]]:
        """End ``header``'s answer to ``question`` under its epoch.

        ``only_unowned`` respects a live lease. Its receipt is stored in the same transaction, so
        that every ended answer is counted, and once.

        Returns the terminal event and the connections to push it to.

        Raises:
            Fenced: the answer was taken, flushed or ended by somebody else meanwhile.
        """
        event = ending.event(header.answer_id, header.epoch)
        encoded = encode_event(event).decode()
        end_header = self._end_header(header, event, encoded, only_unowned)
        now, sources = self.now(), ending.sources
        audit = audit_put(self.table.name, header, event, sources, now, self.audit_s)
        receipt = self._receipt_writes(header, event, sources, question)
        if header.counted:
            receipt.append(free_slot(self.table.name, header.identity, header.answer_id))
        copies = self._conversation_writes(header, ending, encoded)
        self._store([end_header], [audit], receipt, copies, header.answer_id)
        if header.counted and ending.receipt is not None:
            self._count(header, ending.receipt)
        return event, self._followers(header)

    def _count(self, header: Header, receipt: Receipt) -> None:
        """Count the tokens. The answer has ended: a failure costs the count, never the push."""
        tokens = receipt.tokens.prompt + receipt.tokens.completion
        try:
            Usage(self.table, self.now).add_tokens(header.identity, tokens)
        except (BotoCoreError, ClientError) as error:
            logger.error(
                "tokens not counted",
                extra={"answer_id": header.answer_id, "tokens": tokens, "reason": str(error)},
            )

    def _followers(self, header: Header) -> frozenset[str]:
        """Who follows the answer now; who did at its last flush where that cannot be read."""
        try:
            stored = read_header(self.table, header.answer_id, self.now())
        except (BotoCoreError, ClientError, SealError) as error:
            logger.warning(
                "followers not read", extra={"answer_id": header.answer_id, "reason": str(error)}
            )
            return header.subscribers
        return stored.subscribers if stored else header.subscribers

    def _end_header(
        self, header: Header, event: End, encoded: str, only_unowned: bool
    ) -> dict[str, Any]:
        condition = "epoch = :mine AND #state IN (:queued, :streaming) AND last_seq = :seq"
        pk, tenant = answer_pk(header.answer_id), header.identity.tenant
        values: dict[str, Any] = {
            ":mine": header.epoch,
            ":queued": "queued",
            ":streaming": "streaming",
            ":final": event.state,
            ":end": self.table.seal(tenant, pk, HEADER_SK, "end", encoded),
            ":seq": event.last_seq,
            ":zero": 0,
            ":ttl": int(self.now()) + HEADER_TTL_S,
        }
        if only_unowned:
            condition += " AND lease_until < :now"
            values[":now"] = int(self.now())
        return {
            "Update": {
                "TableName": self.table.name,
                "Key": key(pk, HEADER_SK),
                "UpdateExpression": "SET #state = :final, #end = :end, "
                "lease_until = :zero, #ttl = :ttl",
                "ConditionExpression": condition,
                "ExpressionAttributeNames": {"#state": "state", "#end": "end", "#ttl": "ttl"},
                "ExpressionAttributeValues": encode(values),
            }
        }

    def _receipt_writes(
        self, header: Header, event: End, sources: list[Source], question: str
    ) -> list[dict[str, Any]]:
        item = receipt_item(
            self.table, header, event, sources, question, retention_s=self.retention_s
        )
        put = {"Put": {"TableName": self.table.name, "Item": item}}
        outdated = outdate(
            self.table,
            header.identity,
            header.created,
            self.now(),
            retention_s=self.retention_s,
        )
        return [put, *outdated]

    def _conversation_writes(
        self, header: Header, ending: Ending, encoded: str
    ) -> list[dict[str, Any]]:
        now = int(self.now())
        tenant, conversation_id = header.identity.tenant, header.conversation_id
        message = Message(
            role="assistant",
            text=ending.text,
            answer_id=header.answer_id,
            at=now,
            state=ending.state,
            end=encoded,
            sources=msgspec.json.encode(ending.sources).decode(),
        )
        return [
            {
                "Put": {
                    "TableName": self.table.name,
                    "Item": message_item(
                        self.table, tenant, conversation_id, message, now + self.retention_s
                    ),
                }
            },
            {
                "Update": {
                    "TableName": self.table.name,
                    "Key": key(conversation_pk(tenant, conversation_id), META_SK),
                    "UpdateExpression": "SET updated = :now REMOVE active_answer",
                    "ConditionExpression": "active_answer = :answer",
                    "ExpressionAttributeValues": encode({":now": now, ":answer": header.answer_id}),
                }
            },
        ]

    def _store(
        self, head: _Writes, audit: _Writes, receipt: _Writes, copies: _Writes, answer_id: str
    ) -> None:
        """Store the end with everything that belongs to it and is not refused.

        Raises:
            Fenced: the header's own condition does not hold.
        """
        refused = self._transact([*head, *audit, *receipt, *copies], answer_id)
        if not refused:
            return
        if len(head) in refused:
            # It is never written over. The person hears of the end whoever put it there.
            logger.error("the audit trail has this answer already", extra={"answer_id": answer_id})
            audit = []
        if any(place > len(head) for place in refused):
            # The conversation was deleted meanwhile: the answer still ends.
            copies = []
        if self._transact([*head, *audit, *receipt, *copies], answer_id):
            raise RequestError("The answer could not be stored.")

    def _transact(self, writes: _Writes, answer_id: str) -> list[int]:
        """Write all or nothing; returns the places of writes after the header's that refused.

        Raises:
            Fenced: the header's own condition does not hold.
        """
        for attempt in range(4):
            try:
                self.table.client.transact_write_items(TransactItems=writes)  # type: ignore[arg-type]
            except self.table.client.exceptions.TransactionCanceledException as error:
                reasons = [r.get("Code") for r in error.response.get("CancellationReasons", [])]
                if reasons and reasons[0] == "ConditionalCheckFailed":
                    raise Fenced(answer_id) from error
                refused = [n for n, code in enumerate(reasons) if code == "ConditionalCheckFailed"]
                if refused:
                    return refused
                if attempt == 3 or "TransactionConflict" not in reasons:
                    raise
            else:
                return []
        raise RequestError("The answer could not be stored.")
