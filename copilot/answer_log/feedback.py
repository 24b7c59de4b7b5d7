"""What a person says of an answer: kept with it, and in its receipt for the day's figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from copilot.answer_log.header import Header, UnknownAnswer
from copilot.answer_log.header_rows import owned_header
from copilot.answer_log.judgement import Judgement, NotEnded
from copilot.answer_log.receipts import outdate, receipt_key
from copilot.identity import Identity
from copilot.question_queue.messages import ForgetAnswer
from copilot.question_queue.sender import QueueSender
from copilot.redaction import redact
from copilot.table import Table, conversation_pk, encode, message_sk

_CONFLICT_RETRIES = 4


class FeedbackBook:
    """Stores feedback. ``now`` is the wall clock in seconds.

    Personal data of the kinds ``redacted`` is removed from comments.
    """

    def __init__(
        self,
        table: Table,
        queue: QueueSender,
        now: Callable[[], float],
        *,
        retention_s: int = 30 * 86_400,
        redacted: Iterable[str] = (),
    ) -> None:
        self._table = table
        self._queue = queue
        self._now = now
        self._retention_s = retention_s
        self._redacted = tuple(redacted)

    def note(self, identity: Identity, answer_id: str, judgement: Judgement) -> None:
        """Store what the asker says of an answer, in place of what they said before.

        A thumbs-down also has the semantic cache forget the answer.

        Raises:
            UnknownAnswer: it does not exist, is somebody else's, or its conversation is deleted.
            NotEnded: it is still being written.
        """
        header = owned_header(self._table, identity, answer_id, self._now())
        if not header.is_final:
            raise NotEnded("The answer is still being written; judge it when it has ended.")
        writes: list[Any] = [
            self._write(header, self._message_key(header), judgement),
            self._write(header, receipt_key(header), judgement),
            *outdate(
                self._table, identity, header.created, self._now(), retention_s=self._retention_s
            ),
        ]
        for attempt in range(_CONFLICT_RETRIES):
            try:
                self._table.client.transact_write_items(TransactItems=writes)
            except self._table.client.exceptions.TransactionCanceledException as error:
                reasons = [r.get("Code") for r in error.response["CancellationReasons"]]
                if "ConditionalCheckFailed" in reasons:
                    raise UnknownAnswer("There is no such answer.") from error
                if attempt == _CONFLICT_RETRIES - 1 or "TransactionConflict" not in reasons:
                    raise
            else:
                break
        if judgement.rating == "down":
            tenant = header.identity.tenant
            self._queue.send(ForgetAnswer(tenant=tenant, answer_id=answer_id), tenant)

    def _message_key(self, header: Header) -> dict[str, str]:
        return {
            "PK": conversation_pk(header.identity.tenant, header.conversation_id),
            "SK": message_sk(header.answer_id, "assistant"),
        }

    def _write(self, header: Header, row: dict[str, str], judgement: Judgement) -> dict[str, Any]:
        rated = judgement.rating is not None
        said: dict[str, Any] = {
            "rating": judgement.rating,
            "reason": judgement.reason if rated else None,
            "comment": self._comment(judgement) if rated else None,
        }
        sealed = self._table.sealed(header.identity.tenant, {**row, **said}, "comment")
        said["comment"] = sealed["comment"]
        kept = [name for name, value in said.items() if value is not None]
        gone = [name for name, value in said.items() if value is None]
        change = f"SET {', '.join(f'#{n} = :{n}' for n in kept)}" if kept else ""
        if gone:
            change += f" REMOVE {', '.join(f'#{n}' for n in gone)}"
        update: dict[str, Any] = {
            "TableName": self._table.name,
            "Key": encode(row),
            "UpdateExpression": change.strip(),
            "ConditionExpression": "attribute_exists(PK)",
            "ExpressionAttributeNames": {f"#{name}": name for name in said},
        }
        if kept:
            update["ExpressionAttributeValues"] = encode({f":{n}": said[n] for n in kept})
        return {"Update": update}

    def _comment(self, judgement: Judgement) -> str | None:
        return redact(judgement.comment, self._redacted) if judgement.comment else None
