"""The audit trail: one row for every answer that ended, written once. It holds no text.

A row says who asked, with which credential, when, which passages were shown and cited, what it
cost and how it ended. It is written on the condition that it does not exist, in the transaction
that ends the answer; nothing here changes or deletes one, and the functions' roles may not. Rows
have a retention of their own (``AUDIT_RETENTION_DAYS``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from copilot.answer_log.header import Header
from copilot.answer_log.receipts import DAY_S, day_of, decimal
from copilot.configuration import Values, Variable
from copilot.table import encode
from copilot.wire import End, Source

AUDIT_RETENTION = Variable(
    "AUDIT_RETENTION_DAYS", "365", "days", "how long the audit trail is kept"
)
ERASED = "erased"
"""The state of an answer whose person had everything deleted while it was being written."""


def audit_retention_s(values: Values) -> int:
    """The setting in seconds."""
    return values.integer("AUDIT_RETENTION_DAYS", least=1) * DAY_S


def audit_pk(tenant: str, day: str) -> str:
    """The partition of the answers that a tenant asked for on one day, as in ``2026-11-21``."""
    return f"AUDIT#{tenant}#{day}"


def audit_put(
    table: str, header: Header, end: End | None, sources: Iterable[Source], now: float, kept_s: int
) -> dict[str, Any]:
    """The write of an answer's row; ``end`` is ``None`` for one that was erased, ``now`` is when it
    ended. Rows are sorted by answer id, which is by the time of asking."""
    identity = header.identity
    row: dict[str, Any] = {
        "PK": audit_pk(identity.tenant, day_of(header.created)),
        "SK": header.answer_id,
        "tenant": identity.tenant,
        "user": identity.user,
        "groups": list(identity.groups),
        "credential": header.credential,
        "conversation_id": header.conversation_id,
        "asked_at": header.created,
        "ended_at": int(now),
        "attempts": header.attempts,
        "state": ERASED,
        "chunk_ids": [source.chunk_id for source in sources],
        "ttl": int(now) + kept_s,
    }
    if end is not None:
        row |= _of_end(end)
    return {
        "Put": {
            "TableName": table,
            "Item": encode(row),
            "ConditionExpression": "attribute_not_exists(PK)",
        }
    }


def _of_end(end: End) -> dict[str, Any]:
    row: dict[str, Any] = {
        "state": end.state,
        "finish_reason": end.finish_reason,
        "code": end.error.code if end.error else None,
        "epoch": end.epoch,
        "cited_chunk_ids": sorted({citation.chunk_id for citation in end.citations}),
    }
    if (receipt := end.receipt) is not None:
        row |= {
            "model": receipt.model,
            "corpus_version": receipt.corpus_version,
            "cache": receipt.cache.decision,
            "prompt_tokens": receipt.tokens.prompt,
            "completion_tokens": receipt.tokens.completion,
            "cost_usd": decimal(receipt.cost_usd),
        }
    return row
