"""The single DynamoDB table: key builders, item coding, texts sealed on their way in and out.

It decides nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from decimal import Decimal
from types import ModuleType
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from copilot.identity import Identity
from copilot.sealing.sealer import UNSEALED, Place, Sealer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

HEADER_SK = "HDR"
ASK_SK = "ASK"
META_SK = "META"
MESSAGE_SK_PREFIX = "MSG#"
CHUNK_SK_PREFIX = "C#"

HEADER_TTL_S = 7 * 86_400
"""How long an answer's header and question are kept."""

OWNER_INDEX = "conversations-by-owner"
"""Sparse index over conversations: ``owner_key`` (hash), ``list_order`` (range, a number)."""


class Table(Struct, frozen=True):
    """The table as a value: the client that reaches it, its name, and what seals its texts."""

    client: DynamoDBClient
    name: str
    sealer: Sealer = UNSEALED

    def seal(self, tenant: str, pk: str, sk: str, attribute: str, text: str) -> str | bytes:
        """One text as it is stored there.

        Raises:
            KeyUnavailable: the key service does not answer, or refuses.
        """
        return self.sealer.seal(Place(tenant, pk, sk, attribute), text)

    def sealed(self, tenant: str, row: Mapping[str, Any], *attributes: str) -> dict[str, Any]:
        """A row of Python values with its texts ``attributes`` sealed; ``None`` stays ``None``.

        Raises:
            KeyUnavailable: the key service does not answer, or refuses.
        """
        pk, sk = row["PK"], row["SK"]
        texts = {name: row[name] for name in attributes if row.get(name) is not None}
        return {**row, **{n: self.seal(tenant, pk, sk, n, text) for n, text in texts.items()}}

    def opened(self, tenant: str, row: Mapping[str, Any]) -> dict[str, Any]:
        """A decoded row with every sealed text opened; nothing else in the table is binary.

        Raises:
            SealError: a text cannot be opened.
        """
        if bytes not in map(type, row.values()):
            return dict(row)
        pk, sk = row.get("PK", ""), row.get("SK", "")
        return {
            name: self.sealer.open(Place(tenant, pk, sk, name), value)
            if type(value) is bytes
            else value
            for name, value in row.items()
        }


def connection_pk(connection_id: str) -> str:
    return f"CONN#{connection_id}"


def conversation_pk(tenant: str, conversation_id: str) -> str:
    return f"T#{tenant}#CONV#{conversation_id}"


def owner_key(identity: Identity) -> str:
    """The partition of ``OWNER_INDEX`` that holds one person's conversations."""
    return f"T#{identity.tenant}#U#{identity.user}"


def message_sk(answer_id: str, role: str) -> str:
    """Sort key of a turn's message: answer ids sort by time, and a question before its answer."""
    return f"{turn_sk_prefix(answer_id)}{'1' if role == 'user' else '2'}"


def turn_sk_prefix(answer_id: str) -> str:
    """What the sort keys of a turn's two messages begin with."""
    return f"{MESSAGE_SK_PREFIX}{answer_id}#"


def day_pk(tenant: str, day: str) -> str:
    """The partition of one day's receipts; ``day`` as in ``2026-11-21``."""
    return f"T#{tenant}#DAY#{day}"


def answer_pk(answer_id: str) -> str:
    return f"ANS#{answer_id}"


def idempotency_pk(identity: Identity, client_msg_id: str) -> str:
    return f"IDEM#{identity.tenant}#{identity.user}#{client_msg_id}"


def rate_limit_pk(identity: Identity, window: int) -> str:
    return f"RL#{identity.tenant}#{identity.user}#{window}"


def chunk_sk(epoch: int, seq: int) -> str:
    """Sort key of a chunk; zero-padded so that the order of keys is the order of chunks."""
    return f"{CHUNK_SK_PREFIX}{epoch:06d}#{seq:08d}"


def key(pk: str, sk: str) -> dict[str, Any]:
    """A primary key in DynamoDB's attribute-value form."""
    return {"PK": {"S": pk}, "SK": {"S": sk}}


def encode(item: Mapping[str, Any]) -> dict[str, Any]:
    """Python values to DynamoDB attribute values; ``None`` values are left out."""
    return {
        k: {"S": v} if type(v) is str else _encoded(v) for k, v in item.items() if v is not None
    }


def decode(item: Mapping[str, Any]) -> dict[str, Any]:
    """DynamoDB attribute values to Python values; whole numbers come back as ``int``."""
    return {k: v["S"] if "S" in v else _decoded(v) for k, v in item.items()}


_MOST_DIGITS = 38
"""Of a number in DynamoDB; boto3 refuses more."""


def _encoded(value: Any) -> Any:
    # boto3's serializer tries every type in turn and takes numbers through decimal contexts. Six
    # types are nearly all there is here; the rest is left to it.
    kind = type(value)
    if kind is str:
        return {"S": value}
    if kind is int:
        return {"N": str(value)}
    if kind is bool:
        return {"BOOL": value}
    if kind is bytes:
        return {"B": value}
    if value is None:
        return {"NULL": True}
    if kind is Decimal and value.is_finite() and len(value.as_tuple().digits) <= _MOST_DIGITS:
        return {"N": str(value)}
    if kind is list:
        return {"L": [_encoded(v) for v in value]}
    if kind is dict:
        return {"M": {k: _encoded(v) for k, v in value.items()}}
    if kind is set and value and all(type(v) is str for v in value):
        return {"SS": list(value)}
    return _boto3_types().TypeSerializer().serialize(value)


def _decoded(value: Any) -> Any:
    if "S" in value:
        return value["S"]
    if "N" in value:
        text = value["N"]
        return int(text) if text.isdigit() else _plain(Decimal(text))
    if "SS" in value:
        return set(value["SS"])
    if "L" in value:
        return [_decoded(v) for v in value["L"]]
    if "B" in value:
        return bytes(value["B"])
    if "M" in value:
        return {k: _decoded(v) for k, v in value["M"].items()}
    if "BOOL" in value:
        return value["BOOL"]
    return _plain(_boto3_types().TypeDeserializer().deserialize(value))


def _boto3_types() -> ModuleType:
    # Imported for the rare types alone: boto3 costs a cold start 30 ms.
    return importlib.import_module("boto3.dynamodb.types")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return value


def is_live(item: Mapping[str, Any], now: float) -> bool:
    """Whether a decoded item has not expired; DynamoDB deletes late, so every read asks this."""
    ttl = item.get("ttl")
    return ttl is None or ttl > now
