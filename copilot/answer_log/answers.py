"""The answer log, the writer's side: take, flush, finish. Persist, then fence, then push.

Each flush puts its chunk, then moves the header on the condition that this worker's epoch still
holds; only then may the caller push. The header update renews the lease and returns subscribers
and the cancel flag, so that stopping and re-attaching cost no extra read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from botocore.exceptions import ClientError
from msgspec import Struct

from copilot.answer_log.ending import Ender, Ending
from copilot.answer_log.header import CHUNK_TTL_S, LEASE_S, Fenced, Header, NotTaken
from copilot.answer_log.header_rows import header_update, read_header, read_question, update_header
from copilot.answer_log.question import Question
from copilot.answer_log.receipts import DAY_S
from copilot.table import HEADER_SK, Table, answer_pk, chunk_sk, decode, encode, key
from copilot.wire import End, Source


class Lease(Struct, frozen=True, kw_only=True):
    """A worker's right to write one answer under one epoch."""

    header: Header
    question: Question

    @property
    def answer_id(self) -> str:
        return self.header.answer_id

    @property
    def epoch(self) -> int:
        return self.header.epoch


class Flushed(Struct, frozen=True, kw_only=True):
    """What the fence returned: to whom to push, and whether a person asked to stop."""

    subscribers: frozenset[str]
    cancelled: bool


class AnswerLog:
    """Writes answers. ``now`` is the wall clock in seconds; ``retention_s`` keeps conversations,
    ``audit_s`` the audit trail."""

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

    def take(self, answer_id: str) -> Lease:
        """Own an answer by raising its epoch.

        Raises:
            NotTaken: ``missing``, ``final`` or ``leased`` (by a worker that is alive).
        """
        now = int(self._now())
        header = update_header(
            self._table,
            answer_id,
            "SET epoch = epoch + :one, attempts = attempts + :one, last_seq = :zero, "
            "#state = :streaming, lease_until = :lease",
            "attribute_exists(PK) AND #state IN (:queued, :streaming) AND lease_until < :now "
            "AND #ttl > :now",
            {
                ":one": 1,
                ":zero": 0,
                ":queued": "queued",
                ":streaming": "streaming",
                ":lease": now + LEASE_S,
                ":now": now,
            },
        )
        if header is None:
            raise self._why_not(answer_id, now)
        question = read_question(self._table, header.identity.tenant, answer_id)
        if question is None:
            raise NotTaken("missing")
        return Lease(header=header, question=question)

    def flush(self, lease: Lease, seq: int, chunk: str | list[Source]) -> Flushed:
        """Persist one chunk (text or sources) as ``seq``, then fence.

        Raises:
            Fenced: this worker no longer owns the answer; nothing may be pushed.
        """
        self._table.client.put_item(**self.chunk_put(lease, seq, chunk))
        return self._fence(lease, seq)

    def heartbeat(self, lease: Lease) -> Flushed:
        """Renew the lease while there is nothing to flush.

        Raises:
            Fenced: this worker no longer owns the answer.
        """
        return self._fence(lease)

    def chunk_put(self, lease: Lease, seq: int, chunk: str | list[Source]) -> dict[str, Any]:
        """The parameters of the ``PutItem`` that persists one chunk."""
        kind = "delta" if isinstance(chunk, str) else "sources"
        body = chunk if isinstance(chunk, str) else msgspec.json.encode(chunk).decode()
        row = {
            "PK": answer_pk(lease.answer_id),
            "SK": chunk_sk(lease.epoch, seq),
            "kind": kind,
            "body": body,
            "ttl": int(self._now()) + CHUNK_TTL_S,
        }
        sealed = self._table.sealed(lease.header.identity.tenant, row, "body")
        return {"TableName": self._table.name, "Item": encode(sealed)}

    def seals_at_once(self, lease: Lease) -> bool:
        """Whether ``chunk_put`` needs no call of the key service."""
        return self._table.sealer.is_ready(lease.header.identity.tenant)

    def fence_update(self, lease: Lease, seq: int | None = None) -> dict[str, Any]:
        """The parameters of the ``UpdateItem`` that fences: it holds while the lease does, renews
        it and returns the header. ``seq`` is the chunk that was persisted, if one was."""
        update, values = "SET lease_until = :lease", {":lease": int(self._now()) + LEASE_S}
        if seq is not None:
            update, values = f"{update}, last_seq = :seq", {**values, ":seq": seq}
        return header_update(
            self._table,
            lease.answer_id,
            update,
            "epoch = :mine AND #state = :streaming",
            {**values, ":mine": lease.epoch, ":streaming": "streaming"},
        )

    @staticmethod
    def flushed(attributes: Mapping[str, Any]) -> Flushed:
        """What a fence that held says; ``attributes`` are the header's in DynamoDB's form."""
        header = decode({n: v for n, v in attributes.items() if n in ("subscribers", "cancelled")})
        return Flushed(
            subscribers=frozenset(header.get("subscribers", ())),
            cancelled=header.get("cancelled", False),
        )

    def restart(self, lease: Lease) -> Lease:
        """Begin the answer again under a new epoch (the model broke off after the first delta).

        Raises:
            Fenced: this worker no longer owns the answer.
        """
        header = update_header(
            self._table,
            lease.answer_id,
            "SET epoch = epoch + :one, last_seq = :zero, lease_until = :lease",
            "epoch = :mine AND #state = :streaming",
            {
                ":one": 1,
                ":zero": 0,
                ":lease": int(self._now()) + LEASE_S,
                ":mine": lease.epoch,
                ":streaming": "streaming",
            },
        )
        if header is None:
            raise Fenced(lease.answer_id)
        return Lease(header=header, question=lease.question)

    def release(self, lease: Lease) -> None:
        """Give the lease up, so that a redelivery need not wait for it to expire."""
        update_header(
            self._table,
            lease.answer_id,
            "SET lease_until = :zero",
            "epoch = :mine AND #state = :streaming",
            {":zero": 0, ":mine": lease.epoch, ":streaming": "streaming"},
        )

    def finish(self, lease: Lease, ending: Ending) -> tuple[End, Flushed]:
        """End the answer: state, text into the conversation and its release, in one transaction.

        Returns the terminal event to push and to whom.

        Raises:
            Fenced: this worker no longer owns the answer.
        """
        end, subscribers = self._ender.end(lease.header, ending, lease.question.text)
        return end, Flushed(subscribers=subscribers, cancelled=False)

    def end_of(self, answer_id: str, tenant: str) -> End | None:
        """How an answer of ``tenant`` ended; ``None`` while it runs, or where it is not theirs."""
        header = read_header(self._table, answer_id, self._now())
        if header is None or header.end is None or header.identity.tenant != tenant:
            return None
        return msgspec.json.decode(header.end, type=End)

    def claim_enqueue(self, header: Header) -> bool:
        """Whether the caller should put this unowned answer on the queue again.

        At most once per lease time, so that a watchdog does not flood the queue.
        """
        now = int(self._now())
        claimed = update_header(
            self._table,
            header.answer_id,
            "SET enqueued_at = :now",
            "#state IN (:queued, :streaming) AND lease_until < :now "
            "AND (attribute_not_exists(enqueued_at) OR enqueued_at < :before)",
            {
                ":now": now,
                ":queued": "queued",
                ":streaming": "streaming",
                ":before": now - LEASE_S,
            },
        )
        return claimed is not None

    def is_orphaned(self, header: Header) -> bool:
        """Whether nobody writes this answer and the caller should put it on the queue again."""
        unowned = not header.is_final and not header.is_leased(self._now())
        return unowned and self.claim_enqueue(header)

    def drop_subscriber(self, answer_id: str, connection_id: str) -> None:
        """Forget a connection that has gone."""
        self._table.client.update_item(
            TableName=self._table.name,
            Key=key(answer_pk(answer_id), HEADER_SK),
            UpdateExpression="DELETE subscribers :c",
            ExpressionAttributeValues={":c": {"SS": [connection_id]}},
        )

    # --- inside ------------------------------------------------------------------------------

    def _fence(self, lease: Lease, seq: int | None = None) -> Flushed:
        try:
            answer = self._table.client.update_item(**self.fence_update(lease, seq))
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise Fenced(lease.answer_id) from error
            raise
        return self.flushed(answer["Attributes"])

    def _why_not(self, answer_id: str, now: int) -> NotTaken:
        header = read_header(self._table, answer_id, now)
        if header is None:
            return NotTaken("missing")
        if header.is_final:
            return NotTaken("final")
        return NotTaken("leased", retry_after_s=max(1, header.lease_until - now + 1))
