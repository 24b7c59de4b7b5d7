"""What a request to AWS asks for, in the words of IAM: actions on resources. Pure.

Sources: the service authorization reference of each service; for transactions and batches
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from local.declared.sam import ACCOUNT, REGION

_BATCHED = re.compile(r"Batch$")
_S3_OBJECT = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
_IN_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}


@dataclass(frozen=True, slots=True)
class Call:
    """An action (``dynamodb:GetItem``) on a resource (its ARN, ``None`` where the request does not
    tell); ``keys`` are the partition keys of the items."""

    action: str
    resource: str | None
    keys: tuple[str, ...] = ()


def calls(service: str, operation: str, method: str, path: str, body: bytes) -> list[Call]:
    """Everything that a request needs a permission for; nothing for services without rules here.

    ``service`` is the one of the signature (``sqs``), ``operation`` that of ``X-Amz-Target``,
    ``path`` has its query.
    """
    if service == "s3":
        return [_s3(method, path)]
    reader = _READERS.get(service)
    if reader is None:
        return []
    try:
        asked = json.loads(body or b"{}")
    except ValueError:
        return []
    return list(reader(operation, asked))


def manage_connections(api_id: str, stage: str, method: str, connection: str) -> Call:
    """A call of the WebSocket management API."""
    resource = f"{api_id}/{stage}/{method}/@connections/{connection}"
    return Call("execute-api:ManageConnections", _arn("execute-api", resource))


def _dynamodb(operation: str, asked: Mapping[str, Any]) -> Iterator[Call]:
    if operation in ("TransactWriteItems", "TransactGetItems"):
        for item in asked["TransactItems"]:
            for kind, part in item.items():
                yield Call(
                    f"dynamodb:{_IN_TRANSACTION[kind]}", _table(part["TableName"]), _keys(part)
                )
    elif operation in ("BatchGetItem", "BatchWriteItem"):
        for table in asked["RequestItems"]:
            yield Call(f"dynamodb:{operation}", _table(table))
    elif "TableName" in asked:
        table = _table(asked["TableName"])
        index = asked.get("IndexName")
        resource = f"{table}/index/{index}" if index else table
        yield Call(f"dynamodb:{operation}", resource, _keys(asked))


def _sqs(operation: str, asked: Mapping[str, Any]) -> Iterator[Call]:
    queue = urlsplit(asked.get("QueueUrl", "")).path.rsplit("/", 1)[-1]
    yield Call(f"sqs:{_BATCHED.sub('', operation)}", _arn("sqs", queue))


def _secrets(operation: str, asked: Mapping[str, Any]) -> Iterator[Call]:
    yield Call(f"secretsmanager:{operation}", asked.get("SecretId"))


def _kms(operation: str, asked: Mapping[str, Any]) -> Iterator[Call]:
    key = asked.get("KeyId")
    # Where a ciphertext alone is given, KMS finds the key in it.
    named = key is None or key.startswith("arn:")
    yield Call(f"kms:{operation}", key if named else _arn("kms", f"key/{key}"))


def _s3(method: str, path: str) -> Call:
    parts = urlsplit(path)
    bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
    if not key:
        return Call("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    multipart = method == "POST"
    action = "PutObject" if multipart else _S3_OBJECT.get(method, method)
    return Call(f"s3:{action}", f"arn:aws:s3:::{bucket}/{key}")


def _table(name: str) -> str:
    return name if name.startswith("arn:") else _arn("dynamodb", f"table/{name}")


def _keys(part: Mapping[str, Any]) -> tuple[str, ...]:
    key = (part.get("Key") or part.get("Item") or {}).get("PK", {}).get("S")
    return () if key is None else (str(key),)


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


_READERS = {"dynamodb": _dynamodb, "sqs": _sqs, "secretsmanager": _secrets, "kms": _kms}
