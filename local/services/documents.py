"""Puts documents into the bucket of a running stack, and takes them out, as one does in AWS."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.declared.sam import REGION
from local.functions.function_environment import CREDENTIALS

BUCKET = "DocumentBucket"


class NotIngested(Exception):
    """The stack cannot take the documents; the message says why."""


def upload(state: Path, files: Iterable[Path], folder: str) -> list[str]:
    """Upload ``files`` into ``folder`` (the group of their readers; empty: all) of the stack
    that runs on ``state``; returns their keys. Blocking.

    Raises:
        NotIngested: no stack runs, or a file cannot be read.
    """
    client, bucket = _bucket(state)
    keys = []
    for file in files:
        key = f"{folder.strip('/')}/{file.name}".lstrip("/")
        try:
            client.put_object(Bucket=bucket, Key=key, Body=file.read_bytes())
        except OSError as error:
            raise NotIngested(f"{file} cannot be read: {error.strerror}.") from error
        except (BotoCoreError, ClientError) as error:
            raise NotIngested(f"{file} was not uploaded: {error}") from error
        keys.append(key)
    return keys


def remove(state: Path, keys: Iterable[str]) -> None:
    """Delete uploaded documents from the stack that runs on ``state``. Blocking.

    Raises:
        NotIngested: no stack runs.
    """
    client, bucket = _bucket(state)
    for key in keys:
        try:
            client.delete_object(Bucket=bucket, Key=key)
        except (BotoCoreError, ClientError) as error:
            raise NotIngested(f"{key} was not removed: {error}") from error


def _bucket(state: Path) -> tuple[Any, str]:
    try:
        addresses = json.loads((state / "addresses.json").read_text())
    except (OSError, ValueError) as error:
        raise NotIngested(
            f"No stack runs on {state}. Start one (make run), then try again."
        ) from error
    client = boto3.client(
        "s3",
        endpoint_url=addresses["services"],
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    return client, addresses["buckets"][BUCKET]
