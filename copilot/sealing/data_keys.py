"""Data keys of tenants: made and unwrapped by KMS, shared by a day's writers, kept for a while.

All processes of a day write a tenant's texts under one data key: the first one has KMS make it and
puts it, wrapped, into a row where the others find it. So a reader unwraps one key per tenant and
day, however many processes wrote. KMS gives a key out only for the tenant it was made for: that is
its encryption context.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from copilot.sealing.sealer import KeyUnavailable, NotAuthentic

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

APPLICATION = "energycopilot"
DAY_S = 86_400
KEPT_S = 3_600
"""How long an unwrapped key is used: so long a key that was disabled in KMS goes on working."""
MOST_KEPT = 1_024
"""Unwrapped keys of one process, the least used go first; one is 32 bytes."""

_NOT_THIS_KEY = ("InvalidCiphertextException", "IncorrectKeyException")

logger = logging.getLogger(__name__)


class KeyService(Protocol):
    """What is asked of boto3's KMS client."""

    def generate_data_key(self, **request: Any) -> Mapping[str, Any]: ...

    def decrypt(self, **request: Any) -> Mapping[str, Any]: ...


class DataKey(Struct, frozen=True):
    """A key, and how KMS wrapped it."""

    plain: bytes
    wrapped: bytes


class Shelf:
    """The rows ``KEY#tenant / day#key``: what a tenant's texts of a day get under a KMS key."""

    def __init__(self, client: DynamoDBClient, table: str, key_id: str) -> None:
        self._client = client
        self._table = table
        self._key_id = key_id

    def read(self, tenant: str, day: int) -> bytes | None:
        """The wrapped key, if a process has put one there; ``day`` counts from 1970."""
        answer = self._client.get_item(
            TableName=self._table, Key=self._key(tenant, day), ConsistentRead=True
        )
        return bytes(answer["Item"]["wrapped"]["B"]) if "Item" in answer else None

    def put(self, tenant: str, day: int, wrapped: bytes) -> bool:
        """Put a wrapped key there; ``False`` if another process was first."""
        ttl = (day + 2) * DAY_S
        try:
            self._client.put_item(
                TableName=self._table,
                Item={**self._key(tenant, day), "wrapped": {"B": wrapped}, "ttl": {"N": str(ttl)}},
                ConditionExpression="attribute_not_exists(PK)",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _key(self, tenant: str, day: int) -> dict[str, Any]:
        return {"PK": {"S": f"KEY#{tenant}"}, "SK": {"S": f"{day:06d}#{self._key_id}"}}


class DataKeys:
    """Keys of all tenants under the KMS key ``key_id``. ``now`` is the wall clock in seconds."""

    def __init__(
        self,
        kms: KeyService,
        key_id: str,
        shelf: Shelf,
        now: Callable[[], float],
        *,
        kept_s: float = KEPT_S,
        most_kept: int = MOST_KEPT,
    ) -> None:
        self._kms = kms
        self._key_id = key_id
        self._shelf = shelf
        self._now = now
        self._kept_s = kept_s
        self._plain = _Kept(most_kept)
        self._current: dict[str, tuple[int, bytes]] = {}

    def of_today(self, tenant: str) -> DataKey:
        """The key for what is sealed now.

        Raises:
            KeyUnavailable: KMS does not answer, or refuses.
        """
        day = int(self._now() // DAY_S)
        known_day, wrapped = self._current.get(tenant, (-1, b""))
        if known_day != day:
            wrapped = self._shelf.read(tenant, day) or self._made(tenant, day)
            self._current[tenant] = (day, wrapped)
        return DataKey(plain=self.unwrapped(tenant, wrapped), wrapped=wrapped)

    def has_today(self, tenant: str) -> bool:
        """Whether ``of_today`` would answer from memory."""
        day, wrapped = self._current.get(tenant, (-1, b""))
        current = day == int(self._now() // DAY_S)
        return current and self._plain.get((tenant, wrapped), self._now()) is not None

    def unwrapped(self, tenant: str, wrapped: bytes) -> bytes:
        """A key of ``tenant`` from its wrapped form.

        Raises:
            KeyUnavailable: KMS does not answer, or refuses.
            NotAuthentic: it is no key of this tenant under this KMS key.
        """
        plain = self._plain.get((tenant, wrapped), self._now())
        if plain is None:
            answer = self._ask(
                self._kms.decrypt, CiphertextBlob=wrapped, EncryptionContext=_context(tenant)
            )
            plain = self._keep(tenant, wrapped, answer["Plaintext"])
        return plain

    def _made(self, tenant: str, day: int) -> bytes:
        answer = self._ask(
            self._kms.generate_data_key, KeySpec="AES_256", EncryptionContext=_context(tenant)
        )
        wrapped = bytes(answer["CiphertextBlob"])
        if not self._shelf.put(tenant, day, wrapped):
            # Gone again only if its row was deleted: then this one serves as well.
            wrapped = self._shelf.read(tenant, day) or wrapped
        else:
            self._keep(tenant, wrapped, answer["Plaintext"])
        return wrapped

    def _keep(self, tenant: str, wrapped: bytes, plain: bytes) -> bytes:
        self._plain.put((tenant, wrapped), bytes(plain), self._now() + self._kept_s)
        return bytes(plain)

    def _ask(self, call: Callable[..., Mapping[str, Any]], **request: Any) -> Mapping[str, Any]:
        try:
            return call(KeyId=self._key_id, **request)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_THIS_KEY:
                raise NotAuthentic from error
            logger.error("KMS refuses", extra={"reason": str(error)})
            raise KeyUnavailable from error
        except BotoCoreError as error:
            logger.error("KMS does not answer", extra={"reason": str(error)})
            raise KeyUnavailable from error


class _Kept:
    """Unwrapped keys, at most so many, each until its time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._keys: OrderedDict[tuple[str, bytes], tuple[bytes, float]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[str, bytes], now: float) -> bytes | None:
        with self._lock:
            plain, until = self._keys.get(key, (None, 0.0))
            if plain is None or until <= now:
                self._keys.pop(key, None)
                return None
            self._keys.move_to_end(key)
            return plain

    def put(self, key: tuple[str, bytes], plain: bytes, until: float) -> None:
        with self._lock:
            self._keys[key] = (plain, until)
            self._keys.move_to_end(key)
            while len(self._keys) > self._most:
                self._keys.popitem(last=False)


def _context(tenant: str) -> dict[str, str]:
    return {"application": APPLICATION, "tenant": tenant}
