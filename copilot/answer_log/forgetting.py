"""Deletes everything of one person: conversations, answers, receipts, feedback, kept sums."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from copilot.answer_log.audit import audit_put
from copilot.answer_log.header_rows import read_header
from copilot.answer_log.receipts import DAY_S, Receipts, day_of, outdate, receipt_sk, rollup_sk
from copilot.answer_log.replay import read_chunks
from copilot.conversations.listing import ConversationList
from copilot.identity import Identity
from copilot.table import HEADER_SK, Table, answer_pk, conversation_pk, day_pk, key

_BATCH = 25
"""The most deletions that DynamoDB takes in one request."""

Key = tuple[str, str]


class Forgetting:
    """Deletes. ``now`` is the wall clock in seconds; rows live for ``retention_s`` at most, those
    of the audit trail for ``audit_s``, and these are not deleted: they hold no text."""

    def __init__(
        self, table: Table, now: Callable[[], float], *, retention_s: int, audit_s: int
    ) -> None:
        self._table = table
        self._now = now
        self._retention_s = retention_s
        self._audit_s = audit_s
        self._list = ConversationList(table, now, retention_s=retention_s)
        self._receipts = Receipts(table, now)

    def forget(self, identity: Identity) -> int:
        """Delete every row of a person; returns how many. Doing it again deletes what is left.

        What is tied to them by a hash or a random id alone (idempotency keys, rate limits, open
        connections) goes within 26 hours by itself.
        """
        return sum(self._delete(rows) for rows in self._rows(identity)) + self._forget_days(
            identity
        )

    def _rows(self, identity: Identity) -> Iterator[list[Key]]:
        """The rows of each conversation and its answers, their answers first, so that what was
        interrupted can be found again.

        Of an answer the header goes first: it is what a worker needs to go on. One window of text
        that is being written in that moment can outlive it, for ``CHUNK_TTL_S``.
        """
        for conversation_id in self._list.all_of(identity):
            own = self._partition(conversation_pk(identity.tenant, conversation_id))
            answers = {sk.split("#")[1] for _, sk in own if sk.startswith("MSG#")}
            for answer_id in sorted(answers):
                self._audit(answer_id)
            yield [(answer_pk(a), HEADER_SK) for a in sorted(answers)]
            yield [row for a in sorted(answers) for row in self._partition(answer_pk(a))]
            yield own

    def _audit(self, answer_id: str) -> None:
        """Enter an answer that has not ended into the audit trail, as far as it was shown."""
        header = read_header(self._table, answer_id, self._now())
        if header is None or header.is_final:
            return
        chunks = read_chunks(self._table, header, 1)
        shown = [source for chunk in chunks for source in chunk.sources]
        put = audit_put(self._table.name, header, None, shown, self._now(), self._audit_s)["Put"]
        try:
            self._table.client.put_item(**put)
        except self._table.client.exceptions.ConditionalCheckFailedException:
            return  # It ended meanwhile.

    def _forget_days(self, identity: Identity) -> int:
        now, deleted = self._now(), 0
        for ago in range(self._retention_s // DAY_S + 2):
            at = int(now - ago * DAY_S)
            pk = day_pk(identity.tenant, day_of(at))
            rows = self._receipts.rows(identity.tenant, day_of(at), identity.user)
            keys = [(pk, receipt_sk(identity.user, row["answer_id"])) for row in rows]
            deleted += self._delete(keys)
            if keys:
                self._outdate(identity, at)
                self._delete([(pk, rollup_sk(identity.user))])
        return deleted

    def _outdate(self, identity: Identity, at: int) -> None:
        writes: list[Any] = outdate(
            self._table, identity, at, self._now(), retention_s=self._retention_s
        )
        if writes:
            self._table.client.transact_write_items(TransactItems=writes)

    def _partition(self, pk: str) -> list[Key]:
        pages = self._table.client.get_paginator("query").paginate(
            TableName=self._table.name,
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
            ProjectionExpression="PK, SK",
            ConsistentRead=True,
        )
        return [(item["PK"]["S"], item["SK"]["S"]) for page in pages for item in page["Items"]]

    def _delete(self, keys: Iterable[Key]) -> int:
        rows = list(keys)
        for start in range(0, len(rows), _BATCH):
            requests: list[Any] = [
                {"DeleteRequest": {"Key": key(*row)}} for row in rows[start : start + _BATCH]
            ]
            while requests:
                answer = self._table.client.batch_write_item(
                    RequestItems={self._table.name: requests}
                )
                requests = list(answer["UnprocessedItems"].get(self._table.name, []))
        return len(rows)
