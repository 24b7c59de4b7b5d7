"""How the ZIP functions call AWS: few attempts that end before the function does."""

from __future__ import annotations

import time
from typing import Any

from botocore.config import Config

from copilot.aws_clients import aws_clients
from copilot.sealing.choosing import sealer_of
from copilot.table import Table


def client_config() -> Config:
    """The configuration of every client: at most three attempts of three seconds each.

    botocore's own default, a minute for each of several attempts, outlives the function (10 to
    30 s): the person would get the gateway's error instead of ours, and the log no reason.
    """
    return Config(
        retries={"total_max_attempts": 3, "mode": "standard"},
        connect_timeout=1,
        read_timeout=2,
    )


def sealed_table(name: str, kms_key_id: str) -> Table:
    """The table, whose texts are sealed where there is a key."""
    dynamodb = aws_clients().client("dynamodb", config=client_config())
    sealer = sealer_of(kms_key_id, _kms, dynamodb, name, time.time)
    return Table(dynamodb, name, sealer)


def _kms() -> Any:
    return aws_clients().client("kms", config=client_config())
