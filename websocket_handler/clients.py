"""How the ZIP functions call AWS: few attempts that end before the function does."""

from __future__ import annotations

from botocore.config import Config


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
