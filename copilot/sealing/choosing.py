"""Which sealer a deployable gets. Nothing of cryptography or KMS is imported without a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from copilot.configuration import Variable
from copilot.sealing.sealer import UNSEALED, Sealer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from copilot.sealing.data_keys import KeyService

KMS_KEY_ID = Variable(
    "KMS_KEY_ID",
    "",
    "ARN",
    "the KMS key that conversations are encrypted with; empty: as the table encrypts them",
)


def sealer_of(
    key_id: str,
    kms: Callable[[], KeyService],
    dynamodb: DynamoDBClient,
    table: str,
    now: Callable[[], float],
) -> Sealer:
    """The sealer for ``key_id``, an empty one being none; ``kms`` makes a client where needed."""
    if not key_id:
        return UNSEALED
    from copilot.sealing.data_keys import DataKeys, Shelf
    from copilot.sealing.kms_sealer import KmsSealer

    return KmsSealer(DataKeys(kms(), key_id, Shelf(dynamodb, table, key_id), now))
