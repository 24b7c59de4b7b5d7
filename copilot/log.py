"""Structured logs: one JSON object per line, with whatever ``extra`` holds.

Texts of questions and answers never go into a log line.
"""

from __future__ import annotations

import logging

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter


def configure_logging(level: str) -> None:
    """Send all logging through one JSON handler, in place of what the runtime installed.

    ``level`` is one of ``DEBUG``, ``INFO``, ``WARNING``, ``ERROR``. The formatter alone is taken
    from Powertools: its import costs a few milliseconds, the whole library a great deal more.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(LambdaPowertoolsFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # It tells of the credentials that it found at every cold start.
    logging.getLogger("botocore").setLevel(logging.WARNING)
