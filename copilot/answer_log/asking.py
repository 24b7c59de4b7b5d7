"""The answer log, the asker's side: accept a question exactly once, and re-attach to its answer.

One transaction writes idempotency key, header, question, message, conversation and rate limit;
the caller then sends the answer id to the queue. Whatever is retried gives the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import ClientError
from msgspec.structs import replace

from copilot.access.allowance import Allowance, RateLimited, Usage
from copilot.answer_log.ask_transaction import (
    CONVERSATION,
    IDEMPOTENCY,
    RATE,
    RATE_WINDOW_S,
    AskTransaction,
)
from copilot.answer_log.header import (
    MAX_SUBSCRIBERS,
    Busy,
    Header,
    IdempotencyConflict,
    UnknownAnswer,
    UnknownParent,
)
from copilot.answer_log.header_rows import header_of, owned_header, read_header
from copilot.answer_log.question import Asked, NewQuestion
from copilot.conversations.history import ROOT, Conversations, UnknownConversation
from copilot.errors import RequestError
from copilot.identifiers import new_id
from copilot.identity import Identity
from copilot.redaction import redact
from copilot.table import (
    HEADER_SK,
    META_SK,
    Table,
    answer_pk,
    conversation_pk,
    decode,
    encode,
    idempotency_pk,
    is_live,
    key,
)

_CONFLICT_RETRIES = 5
_UNLIMITED = Allowance()


class Asking:
    """Accepts questions. ``now`` is the wall clock in seconds.

    Personal data of the kinds ``redacted`` is removed from a question before it is stored.
    """

    def __init__(
        self,
        table: Table,
        now: Callable[[], float],
        *,
        questions_per_minute: int = 20,
        allowance: Allowance = _UNLIMITED,
        retention_s: int = 30 * 86_400,
        redacted: Iterable[str] = (),
    ) -> None:
        self._table = table
        self._now = now
        self._per_minute = questions_per_minute
        self._allowance = allowance
        self._retention_s = retention_s
        self._redacted = tuple(redacted)

    def ask(self, question: NewQuestion) -> Asked:
        """Accept a question, or find that it was accepted before.

        Raises:
            IdempotencyConflict: the same ``client_msg_id`` came with another question.
            UnknownConversation: the conversation is missing or somebody else's.
            UnknownParent: the turn to follow is not in the conversation.
            Busy: the conversation is being answered; ``stalled`` names an answer that nobody
                is writing, which the caller may enqueue again.
            RateLimited: too many questions in this minute, or another limit is reached.
        """
        question = replace(question, text=redact(question.text, self._redacted))
        if self._allowance != _UNLIMITED:
            try:
                Usage(self._table, self._now).check(question.identity, self._allowance)
            except RateLimited:
                # What was accepted before is no new question.
                if self._idempotency_row(question):
                    return self._asked_before(question)
                raise
        answer_id = new_id()
        conversation_id = question.conversation_id or new_id()
        for attempt in range(_CONFLICT_RETRIES):
            reasons = self._try(question, answer_id, conversation_id)
            if reasons is None:
                return Asked(answer_id=answer_id, conversation_id=conversation_id, enqueue=True)
            failed = [code == "ConditionalCheckFailed" for code in reasons]
            if failed[IDEMPOTENCY]:
                return self._asked_before(question)
            if failed[CONVERSATION] and self._explain_conversation(question, conversation_id):
                continue
            if failed[RATE]:
                raise self._rate_limited()
            if attempt == _CONFLICT_RETRIES - 1:
                break
        raise Busy("Too many questions arrive in this conversation at once; send it again.")

    def subscribe(self, identity: Identity, answer_id: str, connection_id: str) -> Header:
        """Attach a connection to an answer and return its header as of that moment.

        Raises:
            UnknownAnswer: it does not exist, has expired, or is somebody else's.
            RequestError: too many connections follow this answer.
        """
        try:
            answer = self._table.client.update_item(
                TableName=self._table.name,
                Key=key(answer_pk(answer_id), HEADER_SK),
                UpdateExpression="ADD subscribers :c",
                ConditionExpression="tenant = :tenant AND #user = :user AND #ttl > :now AND "
                "(attribute_not_exists(subscribers) OR size(subscribers) < :most "
                "OR contains(subscribers, :id))",
                ExpressionAttributeNames={"#user": "user", "#ttl": "ttl"},
                ExpressionAttributeValues=encode(
                    {
                        ":c": {connection_id},
                        ":id": connection_id,
                        ":tenant": identity.tenant,
                        ":user": identity.user,
                        ":now": int(self._now()),
                        ":most": MAX_SUBSCRIBERS,
                    }
                ),
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise self._why_not_subscribed(identity, answer_id) from error
        return header_of(self._table, decode(answer["Attributes"]))

    # --- inside ------------------------------------------------------------------------------

    def _try(
        self, question: NewQuestion, answer_id: str, conversation_id: str
    ) -> list[str | None] | None:
        """One transaction; ``None`` if it went through, else the reason of each write."""
        parent, leaf = self._place(question)
        transaction = AskTransaction(
            table=self._table,
            question=question,
            answer_id=answer_id,
            conversation_id=conversation_id,
            parent=parent,
            leaf=leaf,
            now=self._now(),
            questions_per_minute=self._per_minute,
            retention_s=self._retention_s,
            counted=self._allowance.counts,
        )
        writes: list[Any] = transaction.writes()
        try:
            self._table.client.transact_write_items(TransactItems=writes)
        except self._table.client.exceptions.TransactionCanceledException as error:
            return [reason.get("Code") for reason in error.response["CancellationReasons"]]
        return None

    def _place(self, question: NewQuestion) -> tuple[str, str | None]:
        """The turn that the question follows; and the newest turn where it is to be that one."""
        if question.conversation_id is None:
            if question.parent not in (None, ROOT):
                raise UnknownParent("A new conversation has no turn to follow; leave parent out.")
            return ROOT, None
        conversations, tenant = Conversations(self._table, self._now), question.identity.tenant
        if question.parent is None:
            leaf = conversations.leaf(question.identity, question.conversation_id)
            return leaf or ROOT, leaf
        known = question.parent == ROOT or conversations.has_turn(
            tenant, question.conversation_id, question.parent
        )
        if not known:
            raise UnknownParent("There is no such turn in this conversation; reload it.")
        return question.parent, None

    def _asked_before(self, question: NewQuestion) -> Asked:
        item = self._idempotency_row(question)
        if item["payload"] != question.payload_hash():
            raise IdempotencyConflict(
                "This client_msg_id was used for another question; send it under a new one."
            )
        header = self._follow(question, item["answer_id"])
        unowned = not header.is_final and not header.is_leased(self._now())
        return Asked(
            answer_id=item["answer_id"],
            conversation_id=item["conversation_id"],
            enqueue=unowned,
        )

    def _idempotency_row(self, question: NewQuestion) -> dict[str, Any]:
        answer = self._table.client.get_item(
            TableName=self._table.name,
            Key=key(idempotency_pk(question.identity, question.client_msg_id), META_SK),
            ConsistentRead=True,
        )
        item = decode(answer.get("Item", {}))
        if not item or not is_live(item, self._now()):
            return {}
        return self._table.opened(question.identity.tenant, item)

    def _follow(self, question: NewQuestion, answer_id: str) -> Header:
        if question.connection_id is not None:
            return self.subscribe(question.identity, answer_id, question.connection_id)
        return owned_header(self._table, question.identity, answer_id, self._now())

    def _explain_conversation(self, question: NewQuestion, conversation_id: str) -> bool:
        """Raise why the conversation refused, or release it from an ended answer and say so."""
        conversation = key(conversation_pk(question.identity.tenant, conversation_id), META_SK)
        answer = self._table.client.get_item(
            TableName=self._table.name, Key=conversation, ConsistentRead=True
        )
        item = decode(answer.get("Item", {}))
        now = self._now()
        gone = not item or not is_live(item, now) or "deleted_until" in item
        if gone or item["owner"] != question.identity.user:
            raise UnknownConversation("There is no such conversation; start a new one.")
        active = item.get("active_answer")
        if active is None:
            return True
        header = read_header(self._table, active, now)
        if header is not None and not header.is_final:
            raise Busy(
                "The last question of this conversation is still being answered.",
                stalled=None if header.is_leased(now) else header,
            )
        self._release(conversation, active)
        return True

    def _release(self, conversation: dict[str, Any], active: str) -> None:
        try:
            self._table.client.update_item(
                TableName=self._table.name,
                Key=conversation,
                UpdateExpression="REMOVE active_answer",
                ConditionExpression="active_answer = :a",
                ExpressionAttributeValues={":a": {"S": active}},
            )
        except self._table.client.exceptions.ConditionalCheckFailedException:
            return  # Somebody else released it first.

    def _rate_limited(self) -> RateLimited:
        left = RATE_WINDOW_S - self._now() % RATE_WINDOW_S
        return RateLimited(
            f"More than {self._per_minute} questions in a minute; wait a moment.",
            retry_after_ms=int(left * 1000) + 1,
        )

    def _why_not_subscribed(self, identity: Identity, answer_id: str) -> RequestError:
        header = read_header(self._table, answer_id, self._now())
        if header is None or not header.belongs_to(identity):
            return UnknownAnswer("There is no such answer.")
        return RequestError("Too many connections follow this answer; close one.")
